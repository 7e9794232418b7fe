package transcript

import "regexp"

var (
	rightsWords   = regexp.MustCompile(`权利义务告知|诉讼权利|权利和义务|权利义务|依法享有.{0,12}权利|你(依法)?有(以下|下列|如下|.{0,8})权利|如实回答.{0,40}(拒绝回答|无关)|申请.{0,10}回避|rights and (obligations|duties)|your rights|read .{0,20}rights|right to (refuse|remain|apply|have)|rights (were|have been) (read|explained)`)
	leniencyWords = regexp.MustCompile(`从宽|认罪认罚|如实供述.{0,20}(从轻|从宽|减轻)|lenien|plead|plea of guilty`)
	counselWords  = regexp.MustCompile(`委托.{0,8}(辩护|律师)|聘请律师|辩护人|值班律师|法律援助|lawyer|counsel|solicitor|attorney|defender|legal aid`)
	closingWords  = regexp.MustCompile(`以上(笔录|记录|内容)?.{0,30}(看过|看了|阅|核对|听过|念|宣读|读).{0,30}(相符|一致|无误|属实|一样|没错|对的|正确)|和我(所)?(说|讲|述)的?(相符|一致|一样)|与我(所)?(说|讲|述|陈述)的?(内容)?(相符|一致|一样)|核对无误|记录属实|笔录.{0,10}(相符|无误|属实)|read .{0,60}(correct|true|accurate|conform|agree)|(correct|true|accurate) .{0,20}(record|transcript|statement)`)
	aloudWords    = regexp.MustCompile(`(向|给|念|读|宣读).{0,6}(我|他|她|其|本人|被讯问人|被询问人).{0,4}(宣读|念|读|听)|读给我听|念给我听|已(向|对).{0,12}宣读|听(过|了).{0,6}(宣读|读)|read (it |the .{0,30})?(over )?(aloud|out|back|to (me|him|her|the))`)
	signWords     = regexp.MustCompile(`(被讯问人|被询问人|犯罪嫌疑人|违法嫌疑人|证人|被害人)?\s*(签名|签字|捺指印|捺印|按指印)|signature|signed`)
	refuseSign    = regexp.MustCompile(`拒绝(签名|签字|捺)|拒不(签名|签字)|refus\w+ to sign`)
	evidenceWords = regexp.MustCompile(`(向你|给你|现在?|依法)?出示.{0,24}(证据|照片|物证|书证|材料|监控|视频|清单|笔录|凶器|刀|手机|账|截图|给你|让你|辨认)|(进行|组织|让你).{0,4}辨认|(now |i )?(show|shown|showing) (you|him|her|the (suspect|witness)).{0,40}(exhibit|photo|evidence|knife|document|video|item)|exhibit .{0,10}(was )?shown`)
	unrecWords    = regexp.MustCompile(`(未|没有|不|无法|停止)(能|进行|同步|再)?.{0,6}(录音录像|录制|同录)|not (been |being )?(audio |video )?(and video )?record|without (audio |video )?(and video )?recording|unrecorded`)
)

// readStatements looks for the statements that the law asks for. Answers count too: the closing
// statement is in the person's own words.
func (rd *Reading) readStatements(rows []row) {
	set := func(at *int, re *regexp.Regexp, low string, r *row) {
		if *at == 0 && re.MatchString(low) {
			*at = r.lineAt(0)
		}
	}
	st := &rd.Statements
	for i := range rows {
		r := &rows[i]
		if r.page || len(r.low) > 20_000 {
			continue
		}
		low := string(r.low)
		set(&st.Rights, rightsWords, low, r)
		set(&st.Leniency, leniencyWords, low, r)
		set(&st.Counsel, counselWords, low, r)
		set(&st.Closing, closingWords, low, r)
		set(&st.ReadAloud, aloudWords, low, r)
		set(&st.Refusal, refuseSign, low, r)
		if !r.header {
			set(&st.Signature, signWords, low, r)
		}
		if r.role != RoleAnswer {
			set(&st.Evidence, evidenceWords, low, r)
			if unrecWords.MatchString(low) && len(st.Unrecorded) < 64 {
				st.Unrecorded = append(st.Unrecorded, r.lineAt(0))
			}
		}
	}
}
