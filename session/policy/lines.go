package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"roomrec/session/table"
)

// sentences of this package, by name.
var sentences = map[string]table.Text{
	"lawyer": {
		En: "A meeting with a defender or duty lawyer is not recorded. Open nothing; see that this room records nothing.",
		Zh: "辩护人或者值班律师会见不得录音录像。请勿开启，并确认本室没有录制。",
	},
	"wall": {
		En: "Compare the clock in the room with the time on this page, and say whether they agree.",
		Zh: "请核对本室挂钟与本页时间，并选择是否一致。",
	},
	"wall-seconds": {
		En: "Enter by how many seconds the clock in the room is ahead, with a minus sign if it is behind; less than a day.",
		Zh: "请填写本室挂钟快多少秒；慢的，前加负号。不足一日。",
	},
	"times": {
		En: "Enter a day and a time, or leave it empty.",
		Zh: "请填写日期和时间，或者留空。",
	},
	"wall-ahead": {
		En: "The clock in the room was {n} s ahead of the controller's, by the officer's look at the opening. No time was shifted.",
		Zh: "开启时经办案人员核对，本室挂钟比控制器时间快 {n} 秒。各项时间未作调整。",
	},
	"wall-behind": {
		En: "The clock in the room was {n} s behind the controller's, by the officer's look at the opening. No time was shifted.",
		Zh: "开启时经办案人员核对，本室挂钟比控制器时间慢 {n} 秒。各项时间未作调整。",
	},
	"ordinal": {
		En: "Enter which interrogation or questioning of this person it is: 1 for the first, at most 999.",
		Zh: "请填写对此人的第几次讯问（询问）：首次填 1，最大 999。",
	},
	"planned": {
		En: "The planned length is between 10 minutes and 24 hours.",
		Zh: "计划时长应在 10 分钟至 24 小时之间。",
	},
	"technical": {
		En: "A technical recording has no people.",
		Zh: "技术录制不涉及人员。",
	},
	"kind": {
		En: "Choose whether it is an interrogation or a questioning, and of whom.",
		Zh: "请选择讯问或者询问及其对象。",
	},
	"case": {
		En: "Enter the case number.",
		Zh: "请填写案件编号。",
	},
	"person": {
		En: "Enter the name or number of the person.",
		Zh: "请填写被讯问人或被询问人的姓名或者编号。",
	},
	"line": {
		En: "One line of at most 100 characters.",
		Zh: "限一行，不超过 100 个字。",
	},
	"category": {
		En: "Choose the category of the case; “unknown” counts as must be recorded.",
		Zh: "请选择案件类别；“尚不清楚”按必须录制办理。",
	},
	"circumstance": {
		En: "This circumstance is not one of those that are asked.",
		Zh: "不在所列情形之内。",
	},
	"answer": {
		En: "Answer yes, no or unknown.",
		Zh: "请回答是、否或者不清楚。",
	},
	"crowd": {
		En: "At most 30 people.",
		Zh: "最多 30 人。",
	},
	"role": {
		En: "Say in which role each one takes part.",
		Zh: "请说明每个人以何种身份参加。",
	},
	"name": {
		En: "Enter the name or service number of each one.",
		Zh: "请填写每个人的姓名或者警号。",
	},
	"twice": {
		En: "The same name stands there twice.",
		Zh: "同一姓名重复填写。",
	},
	"two-officers": {
		En: "Two officers are needed for a suspect. With one alone the session is not opened.",
		Zh: "讯问犯罪嫌疑人不得少于二人。只有一人的，不予开启。",
	},
	"questioner": {
		En: "Enter who asks.",
		Zh: "请填写讯问人或询问人。",
	},
	"ground": {
		En: "Say why mobile equipment is used instead of the case-handling area.",
		Zh: "请说明不在办案区而使用移动设备的理由。",
	},
	"interpreter-missing": {
		En: "Enter the interpreter: you said that the person does not speak the language.",
		Zh: "请填写翻译人员：已注明其不通晓当地语言文字。",
	},
	"representative-missing": {
		En: "Enter the legal representative: you said that the person is a minor.",
		Zh: "请填写法定代理人：已注明其为未成年人。",
	},
	"sign-missing": {
		En: "Enter the sign-language helper, if the person is deaf or mute.",
		Zh: "其为聋、哑人的，请填写通晓手语的人员。",
	},
	"unrecorded-reason": {
		En: "Choose the reason: urgent, the repair takes too long, or other.",
		Zh: "请选择理由：情况紧急、修复时间过长或者其他。",
	},
	"unrecorded-words": {
		En: "Write the reason out.",
		Zh: "请写明理由。",
	},
	"refusal-words": {
		En: "Write why it is refused.",
		Zh: "请写明不予批准的理由。",
	},
	"approver": {
		En: "Someone who may approve must sign in for this.",
		Zh: "须由有权批准的人员本人登录批准。",
	},
	"approver-role": {
		En: "This person may not approve it. A supervisor or approver can.",
		Zh: "此人无权批准。须由领导或者审批人批准。",
	},
	"approver-roster": {
		En: "Whoever takes part cannot approve it.",
		Zh: "参加本次讯问或询问的人员不得批准。",
	},
	"reason": {
		En: "Write the reason.",
		Zh: "请写明理由。",
	},
	"supervisor": {
		En: "Enter which supervisor ordered it.",
		Zh: "请填写决定终止的领导。",
	},
	"loosen": {
		En: "Only a supervisor may take away a reason for recording.",
		Zh: "只有领导才能取消必须录制的情形。",
	},

	// Lines with times. {from}, {to}, {suspended}, {now} are instants, {cause} and {reason} words, {kind} and at
	// the beginning of a sentence {Kind} what is going on.
	"script": {
		En: "The recording was interrupted from {from} to {to}. Cause: {cause}. The {kind} was suspended at {suspended}. It is now {now}, and everything is being recorded again. Were you questioned about the case during the interruption?",
		Zh: "录音录像自{from}至{to}中断，原因：{cause}。{kind}自{suspended}起中止。现在是{now}，录音录像已恢复。中断期间是否有人就案件向你提问？",
	},
	"resumed-line": {
		En: "Recording interrupted {from} to {to}: {cause}. {Kind} suspended from {suspended}, resumed {now}. {answer}",
		Zh: "录音录像自{from}至{to}中断，原因：{cause}。{kind}自{suspended}起中止，{now}恢复。{answer}",
	},
	"answer-no": {
		En: "Asked, the person says: not questioned meanwhile.",
		Zh: "经询问，其称中断期间无人提问。",
	},
	"answer-yes": {
		En: "Asked, the person says: questioned meanwhile.",
		Zh: "经询问，其称中断期间有人提问。",
	},
	"answer-none": {
		En: "Asked, the person gives no answer.",
		Zh: "经询问，其未作回答。",
	},
	"unrecorded-line": {
		En: "From {from} {kind} went on without complete recording, because recording had failed ({cause}); reason: {reason}; approved by {approver}.",
		Zh: "自{from}起，因录音录像故障（{cause}）未能完整录制，理由：{reason}，经{approver}批准继续进行。",
	},
}

// Sentences returns every sentence of this package by name, so that a test can hold them to the
// glossary.
func Sentences() map[string]table.Text {
	out := make(map[string]table.Text, len(sentences))
	for k, t := range sentences {
		out[k] = t
	}
	for group, list := range map[string][]Choice{"category": categories, "circumstance": circumstances, "ground": grounds, "unrecorded": unrecordedReasons} {
		for _, c := range list {
			out[group+"."+c.Key+".title"] = c.Title
			out[group+"."+c.Key+".detail"] = c.Detail
		}
	}
	return out
}

// Interruption is what lines for the transcript tell, times in the form in which they are shown.
type Interruption struct {
	Kind            Kind // of the session: an interrogation or a questioning
	Cause           table.Text
	From, To        string // what is missing
	Suspended, Now  string
	Answer          string // no, yes, none; empty before it was given
	Reason          table.Text
	Approver        string
	UnrecordedBegan string
}

// goingOn returns what a session of that kind is, as within a sentence.
func (k Kind) goingOn() table.Text {
	switch k {
	case Suspect:
		return table.Text{En: "interrogation", Zh: "讯问"}
	case Administrative, Victim, Witness:
		return table.Text{En: "questioning", Zh: "询问"}
	case Technical: // without people
	}
	return table.Text{En: "session", Zh: "本次操作"}
}

func (i Interruption) fill(name string) table.Text {
	answer, kind := sentences["answer-"+i.Answer], i.Kind.goingOn()
	r := func(pick func(table.Text) string) string {
		is := pick(kind)
		first, size := utf8.DecodeRuneInString(is)
		return strings.NewReplacer(
			"{kind}", is, "{Kind}", string(unicode.ToUpper(first))+is[size:],
			"{from}", i.From, "{to}", i.To, "{suspended}", i.Suspended, "{now}", i.Now,
			"{cause}", pick(i.Cause), "{reason}", pick(i.Reason), "{approver}", i.Approver, "{answer}", pick(answer),
		).Replace(pick(sentences[name]))
	}
	return table.Text{
		En: strings.TrimSpace(r(func(t table.Text) string { return t.En })),
		Zh: strings.TrimSpace(r(func(t table.Text) string { return t.Zh })),
	}
}

// AnswerWords is the sentence for what a person answers who is asked whether anybody questioned them meanwhile; empty
// for an answer that there is not.
func AnswerWords(answer string) table.Text { return sentences["answer-"+answer] }

// Script is what the questioner reads aloud before questioning goes on (Z30).
func (i Interruption) Script() table.Text { return i.fill("script") }

// ResumedLine is the line that the transcript carries after an interruption and the suspect signs
// (Z30).
func (i Interruption) ResumedLine() table.Text { return i.fill("resumed-line") }

// UnrecordedLine is the line that the transcript carries for what was not recorded and the suspect
// signs (Z29-2).
func (i Interruption) UnrecordedLine() table.Text {
	i.From = i.UnrecordedBegan
	return i.fill("unrecorded-line")
}
