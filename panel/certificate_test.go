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
	"roomrec/panel/paneltest"
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
			panel.English: {"Certificate of the audio and video recording", "Questioning suspended", "signature and fingerprint", "Transcript clerk", "which is the authoritative one"},
			panel.Chinese: {"录音录像确认单", "中止讯问（询问）的时间", "签字捺指印", "记录人", "以上时间均为控制器时间，以此为准。摄像机自身叠加在画面中的时间属于该摄像机。"},
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
		requireOthers(t, site, c, at)
	}
	require.Positive(t, done)
	require.Equal(t, http.StatusNotFound, do(t, c, "GET", url+"/sessions/20261122-140507-none/certificate", nil).StatusCode)
}

// requireOthers looks at what page, paper and interface tell of what others than the station say of a seal: each
// state in plain words, in both languages, on the paper with the time for which it holds.
func requireOthers(t *testing.T, site *paneltest.Site, c *http.Client, at string) {
	t.Helper()
	for scene, says := range map[string]map[panel.Lang][]string{
		"awaited": {
			panel.English: {"Time-stamp awaited: no other clock has confirmed this seal yet.", "Not witnessed: nobody outside this station has signed"},
			panel.Chinese: {"等待时间戳：", "尚无见证：本站以外"},
		},
		"none": {panel.English: {"No time-stamp: ", "this seal is not in the station&#39;s log yet"}, panel.Chinese: {"无时间戳：", "尚未记入录制登记日志"}},
		"made": {
			panel.English: {"Time-stamp: Time-stamping authority 1 confirmed by its own clock", " ±1.0 s.", "Witnessed by Supervision 1, who saw this session"},
			panel.Chinese: {"Time-stamping authority 1 以其自身时钟确认", " ±1.0 s ", "已由 Supervision 1 见证"},
		},
		"unchecked": {
			panel.English: {"is to be trusted was not checked here.", "another authority than the one this site trusts", "Signed for by 2 whose key"},
			panel.Chinese: {"此处未核对 Time-stamping authority 1 是否可信", "不是本站认可的机构", "另有 2 方签名"},
		},
		"wrong":  {panel.English: {"it is damaged, or of another seal", "contradicts what it was"}, panel.Chinese: {"已损坏，或者不属于本次封存", "前后矛盾"}},
		"unread": {panel.English: {"whether there is one could not be read", "log could not be read"}, panel.Chinese: {"时间戳：未能读取", "未能读取录制登记日志"}},
	} {
		require.NoError(t, site.SetProof(scene))
		for lang, words := range says {
			for _, page := range []string{at, at + "/certificate"} {
				r := do(t, c, "GET", page, nil, "Cookie", "roomrec-lang="+string(lang))
				require.Equal(t, http.StatusOK, r.StatusCode, "%s", r.body)
				for _, w := range words {
					require.Contains(t, string(r.body), w, "%s %s", scene, page)
				}
				said := map[panel.Lang]string{panel.English: "as known at 20", panel.Chinese: "（截至 20"}[lang]
				require.Equal(t, page != at, strings.Contains(string(r.body), said), "a sheet says for what time it holds")
			}
		}
	}
	require.NoError(t, site.SetProof("made"))
	var got panel.Record
	require.NoError(t, json.Unmarshal(do(t, c, "GET", strings.Replace(at, "/sessions/", "/api/v1/sessions/", 1), nil).body, &got))
	require.Equal(t, panel.StampTrusted, got.Proof.Stamps[0].Status)
	require.Equal(t, "Supervision 1", got.Proof.Log.By[0].By)
}
