package policy

import (
	"fmt"
	"slices"

	"roomrec/session/table"
)

// Choice is one key of the policy with its words, as the opening form asks it.
type Choice struct {
	Key       string
	Title     table.Text
	Detail    table.Text // a line of explanation
	Mandatory bool       // must be recorded if chosen, or answered with yes
}

// categories of cases (S1): the question is what the case might be at most.
var categories = []Choice{
	{
		"life-or-death",
		table.Text{En: "Life or death", Zh: "无期徒刑、死刑案件"},
		table.Text{En: "Life imprisonment or the death penalty is possible.", Zh: "可能判处无期徒刑、死刑的案件。"},
		true,
	},
	{
		"serious-danger",
		table.Text{En: "Death, injury, danger", Zh: "致人重伤、死亡等严重案件"},
		table.Text{
			En: "Death or serious injury, serious danger to the public, or serious violation of personal rights.",
			Zh: "致人重伤、死亡，严重危害公共安全或者严重侵犯公民人身权利的案件。",
		},
		true,
	},
	{
		"organised-crime",
		table.Text{En: "Organised crime", Zh: "黑社会性质组织犯罪"},
		table.Text{
			En: "A mafia-like organisation: leading it, taking part in it, or its crimes.",
			Zh: "组织、领导、参加黑社会性质组织及其实施的犯罪。",
		},
		true,
	},
	{
		"serious-drug",
		table.Text{En: "Serious drug crime", Zh: "严重毒品犯罪"},
		table.Text{
			En: "Smuggling, trading, transporting or making drugs on a serious scale.",
			Zh: "走私、贩卖、运输、制造毒品的严重犯罪。",
		},
		true,
	},
	{
		"ten-years",
		table.Text{En: "Other, ten years or more", Zh: "其他十年以上故意犯罪"},
		table.Text{
			En: "Another intentional crime for which ten years or more are possible.",
			Zh: "其他故意犯罪，可能判处十年以上有期徒刑的案件。",
		},
		true,
	},
	{
		"fraud",
		table.Text{En: "Fraud, less than ten years", Zh: "诈骗（十年以下）"},
		table.Text{En: "Fraud for which less than ten years are possible.", Zh: "可能判处不满十年有期徒刑的诈骗案件。"},
		false,
	},
	{
		"bribery",
		table.Text{En: "Bribery, less than ten years", Zh: "贿赂（十年以下）"},
		table.Text{En: "Bribery for which less than ten years are possible.", Zh: "可能判处不满十年有期徒刑的贿赂案件。"},
		false,
	},
	{
		"theft",
		table.Text{En: "Theft, less than ten years", Zh: "盗窃（十年以下）"},
		table.Text{En: "Theft for which less than ten years are possible.", Zh: "可能判处不满十年有期徒刑的盗窃案件。"},
		false,
	},
	{
		"other",
		table.Text{En: "None of these", Zh: "以上均不是"},
		table.Text{
			En: "Recording may be left only by approval, and only when it cannot work.",
			Zh: "只有在无法录制并经批准时，才可以不录制。",
		},
		false,
	},
	{
		Unknown,
		table.Text{En: "Unknown", Zh: "尚不清楚"},
		table.Text{En: "Counts as “must be recorded” until it is known.", Zh: "查明之前按“必须录制”办理。"},
		true,
	},
}

// circumstances that make recording mandatory whatever the category (S1-6).
var circumstances = []Choice{
	{
		"blind-deaf-mute",
		table.Text{En: "Blind, deaf or mute", Zh: "盲、聋、哑人"},
		table.Text{En: "The person cannot see, hear or speak.", Zh: "被讯问人或被询问人是盲、聋、哑人。"},
		true,
	},
	{
		"minor",
		table.Text{En: "Minor", Zh: "未成年人"},
		table.Text{
			En: "The person is under eighteen. A legal representative must be there.",
			Zh: "未满十八周岁，法定代理人应当到场。",
		},
		true,
	},
	{
		"mentally-ill",
		table.Text{En: "Mentally ill", Zh: "精神病人"},
		table.Text{En: "The person cannot fully judge or control what they do.", Zh: "尚未完全丧失辨认或者控制能力的精神病人。"},
		true,
	},
	{
		"no-language",
		table.Text{En: "Does not speak the language", Zh: "不通晓当地语言文字"},
		table.Text{En: "An interpreter must be there.", Zh: "应当有翻译人员到场。"},
		true,
	},
	{
		"unstable-statements",
		table.Text{En: "Statements unstable or withdrawn", Zh: "供述不稳定、可能翻供"},
		table.Text{En: "The person has changed or withdrawn statements, or may.", Zh: "供述反复或者可能翻供。"},
		true,
	},
	{
		"denial",
		table.Text{En: "Denies the offence", Zh: "不认罪"},
		table.Text{En: "The person pleads not guilty.", Zh: "作无罪辩解。"},
		true,
	},
	{
		"disputed-facts",
		table.Text{En: "Facts in dispute", Zh: "事实有争议"},
		table.Text{En: "The main facts or the main evidence are in dispute.", Zh: "主要事实或者证据存在争议。"},
		true,
	},
	{
		"joint-crime",
		table.Text{En: "Offence with others", Zh: "共同犯罪"},
		table.Text{En: "Several people are suspected together.", Zh: "系共同犯罪案件。"},
		true,
	},
	{
		"publicity-risk",
		table.Text{En: "Petition or publicity likely", Zh: "可能引发信访、舆情"},
		table.Text{En: "Petitions or public attention are to be expected.", Zh: "可能引发信访或者社会舆论关注。"},
		true,
	},
	{
		"other",
		table.Text{En: "Other", Zh: "其他需要录制的情形"},
		table.Text{En: "Another reason to record, in the officer's own judgement.", Zh: "办案人员认为需要录制的其他情形。"},
		true,
	},
}

// grounds for mobile equipment instead of the case-handling area (Z22).
var grounds = []Choice{
	{
		Key:    "no-custody",
		Title:  table.Text{En: "Neither criminal detention nor arrest is needed", Zh: "不需要拘留、逮捕"},
		Detail: table.Text{En: "At a designated place, or where the suspect lives.", Zh: "在指定地点或者犯罪嫌疑人住处进行。"},
	},
	{
		Key:    "place-of-capture",
		Title:  table.Text{En: "Urgent, at the place of capture", Zh: "抓获现场紧急讯问"},
		Detail: table.Text{En: "It cannot wait for the case-handling area.", Zh: "情况紧急，无法等到带至办案区。"},
	},
	{
		Key:    "special",
		Title:  table.Text{En: "Another special case", Zh: "其他特殊情况"},
		Detail: table.Text{En: "As the rules of the site allow, with the reason in the report.", Zh: "按规定允许的其他特殊情况，并在报告中说明理由。"},
	},
}

// unrecordedReasons are why other cases may go on unrecorded (Z29-2).
var unrecordedReasons = []Choice{
	{
		Key:    "urgent",
		Title:  table.Text{En: "Urgent", Zh: "情况紧急"},
		Detail: table.Text{En: "Questioning cannot wait for the repair.", Zh: "讯问或询问无法等待修复。"},
	},
	{
		Key:    "long-repair",
		Title:  table.Text{En: "Repair takes too long", Zh: "修复时间过长"},
		Detail: table.Text{En: "The repair would hold up the case for too long.", Zh: "等待修复将过分延误办案。"},
	},
	{
		Key:    "other",
		Title:  table.Text{En: "Other, in words", Zh: "其他（请写明）"},
		Detail: table.Text{En: "Another reason, written out.", Zh: "其他理由，须写明。"},
	},
}

// Categories returns the categories of cases with the site's tightening.
func (p Policy) Categories() []Choice {
	out := slices.Clone(categories)
	for i := range out {
		out[i].Mandatory = out[i].Mandatory || slices.Contains(p.Also, out[i].Key)
	}
	return out
}

// Circumstances returns the circumstances that the form asks.
func (p Policy) Circumstances() []Choice { return slices.Clone(circumstances) }

// Grounds returns the grounds for mobile equipment.
func (p Policy) Grounds() []Choice { return slices.Clone(grounds) }

// UnrecordedReasons returns the reasons for going on unrecorded.
func (p Policy) UnrecordedReasons() []Choice { return slices.Clone(unrecordedReasons) }

// Check reports a key of a site's tightening that the program does not know.
func (p Policy) Check() error {
	for _, key := range p.Also {
		if _, ok := choice(categories, key); !ok {
			return fmt.Errorf("policy: mandatory category %q is not known", key)
		}
	}
	return nil
}

func choice(from []Choice, key string) (Choice, bool) {
	for _, c := range from {
		if c.Key == key {
			return c, true
		}
	}
	return Choice{}, false
}

// Mandatory reports whether a session must be recorded, and why, as titles of what makes it so. What
// is not known, not answered or not understood counts as mandatory. A technical recording has no
// people and is never.
func (p Policy) Mandatory(f Form) (bool, []table.Text) {
	if f.Kind == Technical {
		return false, nil
	}
	var why []table.Text
	c, ok := choice(p.Categories(), f.Category)
	if !ok {
		c, _ = choice(p.Categories(), Unknown)
	}
	if c.Mandatory {
		why = append(why, c.Title)
	}
	for _, c := range circumstances {
		switch f.Circumstances[c.Key] {
		case No:
		case Yes:
			why = append(why, c.Title)
		default:
			why = append(why, table.Text{En: c.Title.En + " (unknown)", Zh: c.Title.Zh + "（不清楚）"})
		}
	}
	return len(why) > 0, why
}

// Loosens reports whether going from one judgement of a case to another takes away any reason for
// recording: then a supervisor must give a reason (S1).
func (p Policy) Loosens(from, to Form) bool {
	_, before := p.Mandatory(from)
	_, after := p.Mandatory(to)
	for _, t := range before {
		if !slices.Contains(after, t) {
			return true
		}
	}
	return false
}
