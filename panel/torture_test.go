//go:build torture

package panel_test

import (
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
					outsideTheRoom(t, l)
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

// Every page and state on the desk's screen, each looked at by axe.
func TestTortureBrowserEveryPageOnTheDesk(t *testing.T) {
	for _, look := range [][]string{{"en", "dark"}, {"zh-CN", "light"}} {
		t.Run(strings.Join(look, " "), func(t *testing.T) {
			t.Parallel()
			_, url, _ := open(t)
			browse(t, "pages.mjs", append([]string{url}, append(look, "1920", "1080", openSigned(t))...)...)
		})
	}
}
