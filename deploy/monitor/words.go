package monitor

import (
	"strings"

	"roomrec/clock"
	"roomrec/session"
	"roomrec/session/table"
)

// states are what the pages call a session's states.
var states = map[table.State]Text{
	table.Starting:    {En: "Starting", Zh: "正在启动"},
	table.Standby:     {En: "Recording, not begun", Zh: "录制中，未开始"},
	table.Questioning: {En: "In questioning", Zh: "讯问（询问）中"},
	table.Locked:      {En: "Locked", Zh: "锁定"},
	table.Resuming:    {En: "Resuming", Zh: "恢复"},
	table.Unrecorded:  {En: "Unrecorded", Zh: "未录制讯问"},
	table.Closing:     {En: "Closing", Zh: "正在结束"},
	table.Sealed:      {En: "Sealed", Zh: "封存"},
}

// Words for 0 and 1.
var (
	fit    = [2]Text{{En: "not fit", Zh: "不可录制"}, {En: "fit", Zh: "可录制"}}
	passed = [2]Text{{En: "failed", Zh: "未通过"}, {En: "passed", Zh: "通过"}}
	yes    = [2]Text{{En: "no", Zh: "否"}, {En: "yes", Zh: "是"}}
)

// codes are the words for what the program's numbers call by a code: states and faults.
func codes() map[string]any {
	out := map[string]any{}
	for state, t := range states {
		word := map[string]any{"text": both(t)}
		if state == table.Locked || state == table.Unrecorded {
			word["color"] = "red"
		}
		out[string(state)] = word
	}
	for code, t := range clockWords() {
		out[code] = map[string]any{"text": both(t)}
	}
	for code, t := range faultWords() {
		out[code] = map[string]any{"text": both(t)}
	}
	return out
}

// faultWords are the titles of faults without what they are about.
func faultWords() map[string]Text {
	out := map[string]Text{"none": none}
	for _, f := range session.Faults() {
		t := Text{
			En: strings.TrimSuffix(strings.TrimPrefix(f.Title.En, "{subject}: "), ": {subject}"),
			Zh: strings.TrimSuffix(strings.TrimPrefix(f.Title.Zh, "{subject}："), "：{subject}"),
		}
		if !strings.Contains(t.En+t.Zh, "{subject}") {
			out[string(f.Code)] = t
		}
	}
	return out
}

// clockWords are the reasons for which the controller's clock is not trusted, the subjects of that fault.
func clockWords() map[string]Text {
	out := make(map[string]Text)
	for _, code := range clock.ReasonCodes() {
		if name, _, ok := session.ClockCause(code); ok {
			out[string(code)] = Text(name)
		}
	}
	return out
}

// aboutWords are faultWords for a legend that says what a fault is about, too: of a clock it is a code.
func aboutWords() map[string]Text {
	out := faultWords()
	for code, t := range clockWords() {
		out[string(table.ClockUntrusted)+" "+code] = Text{En: "clock: " + t.En, Zh: "时钟：" + t.Zh}
	}
	return out
}

var none = Text{En: "none", Zh: "无"}

// stateWords are the states by their codes.
func stateWords() map[string]Text {
	out := make(map[string]Text)
	for s, t := range states {
		out[string(s)] = t
	}
	return out
}

// What the numbers call by a code that pages have words for, and what they have none for.
var (
	endings = map[string]Text{
		string(table.Signed):    {En: "Signed", Zh: "已签字捺指印"},
		string(table.Refused):   {En: "Refuses to sign", Zh: "拒绝签名"},
		string(table.BrokenOff): {En: "Broken off", Zh: "中途终止"},
		string(table.Finished):  {En: "Finished", Zh: "已完成"},
	}
	transcripts = map[string]Text{
		"none":       {En: "No transcript yet", Zh: "尚无笔录"},
		"agrees":     {En: "Transcript agrees", Zh: "笔录一致"},
		"differs":    {En: "Transcript differs", Zh: "笔录不一致"},
		"explained":  {En: "Transcript differs but explained", Zh: "笔录不一致，已说明"},
		"unreadable": {En: "Transcript: times cannot be read", Zh: "笔录时间无法读取"},
	}
	ages = map[string]Text{
		"under 1d": {En: "less than a day", Zh: "不足一日"},
		"under 3d": {En: "1 to 3 days", Zh: "一至三日"},
		"under 7d": {En: "3 to 7 days", Zh: "三至七日"},
		"over 7d":  {En: "over 7 days", Zh: "超过七日"},
	}
	gaps = map[string]Text{
		"none":       none,
		"loss":       {En: "packets lost", Zh: "丢包"},
		"overflow":   {En: "controller too slow", Zh: "主机处理不及"},
		"disconnect": {En: "connection ended", Zh: "连接断开"},
		"damaged":    {En: "damaged", Zh: "数据损坏"},
		"start":      {En: "waiting for a whole picture", Zh: "等待完整画面"},
		"storage":    {En: "not stored in time", Zh: "未能及时存储"},
		"stall":      {En: "camera silent", Zh: "摄像机无信号"},
	}
	picture = Text{En: "picture", Zh: "画面"}
	sound   = Text{En: "sound", Zh: "声音"}
	// tracks are what a camera sends, by its codec: a camera has one track of each at most.
	tracks = map[string]Text{
		"H264": picture, "H265": picture, "AAC": sound, "Opus": sound, "PCMA": sound, "PCMU": sound, "LPCM": sound,
	}
)
