//go:build torture

package panel_test

import (
	"testing"
)

// Every office's whole day in four looks, in which each two of language, colours and screen meet: the room's
// screen by touch, the desk's by keyboard.
func TestTortureBrowserEveryDayInEveryLook(t *testing.T) {
	for _, l := range []look{
		{"en", "light", "1920", "1080"}, {"zh-CN", "dark", "1920", "1080"}, {"en", "dark", "1280", "800"}, {"zh-CN", "light", "1280", "800"},
	} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			outsideTheRoom(t, l)
			if l.width == "1280" {
				_, url, _ := open(t)
				browse(t, "story.mjs", url, l.lang, l.theme, l.width, l.height)
			} else {
				byKeyboard(t, l)
			}
		})
	}
}

// Every page and state in the looks that the short form leaves out, and on the desk's screen in one of two.
func TestTortureBrowserEveryPageAndState(t *testing.T) {
	for _, one := range []struct {
		look look
		part string
	}{
		{look{lang: "en", theme: "light"}, "2/2"},
		{look{lang: "zh-CN", theme: "dark"}, "1/2"},
		{look{"en", "dark", "1920", "1080"}, "1/2"},
		{look{"zh-CN", "light", "1920", "1080"}, "2/2"},
	} {
		t.Run(one.look.String(), func(t *testing.T) {
			t.Parallel()
			everyPage(t, one.look, one.part)
		})
	}
}

// What one camera lacks, what comes after its end and what another room recorded are played at their own speed.
func TestTortureBrowserPlaysOverWhatACameraLacks(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "gaps.mjs", url, "1")
}

// Nothing of another person, session or room stays on a page, and no secret.
func TestTortureBrowserWhatAPageKeeps(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "kept.mjs", url, openSigned(t))
}

// Live pictures come back where the controller lost its power and the connection never ends.
func TestTortureBrowserLivePicturesAfterASilentConnection(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "mute.mjs", url)
}
