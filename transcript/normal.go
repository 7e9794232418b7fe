package transcript

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// variants maps what a label or a time may be written with to the one form that is looked for:
// traditional characters, dashes, colons and the underscores of a form's blanks.
var variants = func() map[rune]rune {
	m := map[rune]rune{}
	for _, pair := range strings.Fields(`時时 點点 鐘钟 鍾钟 開开 結结 訊讯 詢询 問问 記记 錄录 筆笔 間间 號号 後后
		復复 複复 斷断 續续 從从 發发 審审 簽签 單单 譯译 應应 員员 證证 實实 權权 聽听 讀读 對对 無无 誤误
		與与 說说 話话 過过 來来 這这 場场 監监 護护 師师 寬宽 處处 達达 離离 傳传 喚唤 現现 暫暂 終终 畢毕
		條条 偵侦 縣县 區区 辦办 樓楼 會会 淩凌 兩两 貳贰 陸陆 參叁 為为 別别 齡龄 電电 壞坏 設设 備备 種种
		職职 務务 進进 執执 並并 給给 陳陈 請请 護护 罰罚 認认 國国 閱阅 確确 紀纪 製制 臺台
		○〇 ◯〇 隱隐 據据 於于 內内 嚴严 專专 義义 鑑鉴 顯显 視视 頻频`) {
		r := []rune(pair)
		m[r[0]] = r[1]
	}
	for _, r := range "‐‑‒–—―−─━ー﹣" {
		m[r] = '-'
	}
	for _, r := range "〜∼⁓" {
		m[r] = '~'
	}
	for _, r := range "∶︰ː" {
		m[r] = ':'
	}
	for _, r := range "_‗\u00a0\u2007\u202f" {
		m[r] = ' '
	}
	return m
}()

// normalise returns s in the form that labels and times are looked for in: compatibility forms
// resolved (full-width digits, the radicals that PDF fonts give for 日 and 月), characters simplified,
// every dash a hyphen, every form blank a space. Tabs stay: they divide the cells of a table.
func normalise(s string) string {
	if !norm.NFKC.IsNormalString(s) {
		s = norm.NFKC.String(s)
	}
	return strings.Map(func(r rune) rune {
		if v, ok := variants[r]; ok {
			return v
		}
		switch {
		case r == '\t':
			return r
		case r == unicode.ReplacementChar:
			return '?'
		case unicode.Is(unicode.Cf, r): // zero-width and direction marks
			return -1
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		}
		return r
	}, s)
}

// lower returns the runes of a normalised string in lower case, one for one.
func lower(s string) []rune {
	r := []rune(s)
	for i := range r {
		r[i] = unicode.ToLower(r[i])
	}
	return r
}
