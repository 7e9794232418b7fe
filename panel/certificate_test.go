package panel_test

import (
	"encoding/json"
	"encoding/xml"
	"image"
	"image/color"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"

	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/table"
)

// scan reads a QR code out of a picture of ours as a telephone would, with another's library.
func scan(t *testing.T, svg []byte) string {
	t.Helper()
	var doc struct {
		ViewBox string `xml:"viewBox,attr"`
		Paths   []struct {
			Fill string `xml:"fill,attr"`
			D    string `xml:"d,attr"`
		} `xml:"path"`
	}
	require.NoError(t, xml.Unmarshal(svg, &doc))
	size, err := strconv.Atoi(strings.Fields(doc.ViewBox)[2])
	require.NoError(t, err)
	const scale = 4
	img := image.NewGray(image.Rect(0, 0, size*scale, size*scale))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(doc.Paths[1].D, -1) {
		x, y, n := number(t, m[1]), number(t, m[2]), number(t, m[3])
		for py := y * scale; py < (y+1)*scale; py++ {
			for px := x * scale; px < (x+n)*scale; px++ {
				img.SetGray(px, py, color.Gray{})
			}
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	require.NoError(t, err)
	got, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	require.NoError(t, err)
	return got.GetText()
}

func number(t *testing.T, s string) int {
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

// The paper that the parties sign has the facts, the interruption, the number as text and as a code that
// another program reads, and places for all signatures, in both languages.
func TestS122_PaperToSign(t *testing.T) {
	site, url, c := open(t)
	require.NoError(t, site.Set("room3", "sealed"))
	var list []panel.Record
	require.NoError(t, json.Unmarshal(do(t, c, "GET", url+"/api/v1/sessions", nil).body, &list))
	done := 0
	for _, s := range list {
		at := url + "/sessions/" + s.ID
		if s.Seal == nil {
			require.Equal(t, http.StatusNotFound, do(t, c, "GET", at+"/certificate", nil).StatusCode, "not sealed")
			require.Equal(t, http.StatusNotFound, do(t, c, "GET", at+"/code.svg", nil).StatusCode)
			continue
		}
		done++
		code := do(t, c, "GET", at+"/code.svg", nil)
		require.Equal(t, http.StatusOK, code.StatusCode)
		require.Equal(t, "image/svg+xml", code.Header.Get("Content-Type"))
		require.Equal(t, "roomrec-seal/1\n"+s.ID+"\nsha256:"+s.Seal.Hash, scan(t, code.body))
		for lang, words := range map[panel.Lang][]string{
			panel.English: {"Certificate of the audio and video recording", "Questioning suspended", "signature and fingerprint", "Transcript clerk"},
			panel.Chinese: {"录音录像确认单", "中止讯问（询问）的时间", "签字捺指印", "记录人"},
		} {
			r := do(t, c, "GET", at+"/certificate", nil, "Cookie", "roomrec-lang="+string(lang))
			require.Equal(t, http.StatusOK, r.StatusCode, "%s", r.body)
			policyOf(t, r)
			page := string(r.body)
			require.True(t, strings.HasSuffix(strings.TrimSpace(page), "</html>"))
			words = append(words, s.ID, s.Form.Case, `src="/sessions/`+s.ID+`/code.svg"`)
			for i := 0; i < len(s.Seal.Hash); i += 4 {
				words = append(words, "<span>"+s.Seal.Hash[i:i+4]+"</span>")
			}
			for _, m := range s.Form.Roster {
				words = append(words, m.Name)
			}
			for _, b := range s.Breaks {
				f, ok := session.FaultOf(table.Code(b.Cause))
				require.True(t, ok)
				title := map[panel.Lang]string{panel.English: f.Title.En, panel.Chinese: f.Title.Zh}[lang]
				i := slices.IndexFunc(s.Cameras, func(c panel.CameraRecord) bool { return c.Camera == b.Subject })
				require.GreaterOrEqual(t, i, 0)
				name := map[panel.Lang]string{panel.English: s.Cameras[i].Name.En, panel.Chinese: s.Cameras[i].Name.Zh}[lang]
				require.NotEqual(t, b.Subject, name)
				words = append(words, strings.ReplaceAll(title, "{subject}", name))
				require.Contains(t, string(do(t, c, "GET", at, nil, "Cookie", "roomrec-lang="+string(lang)).body), strings.ReplaceAll(title, "{subject}", name), "the session's page")
			}
			for _, w := range words {
				require.Contains(t, page, w)
			}
		}
	}
	require.Positive(t, done)
	require.Equal(t, http.StatusNotFound, do(t, c, "GET", url+"/sessions/20261122-140507-none/certificate", nil).StatusCode)
}
