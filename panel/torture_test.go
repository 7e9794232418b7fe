//go:build torture

package panel_test

import (
	"slices"
	"strings"
	"testing"
)

// Every office's whole day in every look: either language, light and dark, on the room's screen by touch and on
// the desk's by keyboard.
func TestTortureBrowserEveryDayInEveryLook(t *testing.T) {
	for _, lang := range []string{"en", "zh-CN"} {
		for _, theme := range []string{"light", "dark"} {
			for _, size := range []string{"1280 800", "1920 1080"} {
				width, height, _ := strings.Cut(size, " ")
				l := look{lang, theme, width, height}
				t.Run(l.String(), func(t *testing.T) {
					t.Parallel()
					if !slices.Contains(shortLooks, l) {
						outsideTheRoom(t, l)
					}
					if width == "1280" {
						_, url, _ := open(t)
						browse(t, "story.mjs", url, l.lang, l.theme, l.width, l.height)
					} else {
						byKeyboard(t, l)
					}
				})
			}
		}
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
