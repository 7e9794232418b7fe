package session

import (
	"roomrec/clock"
	"roomrec/session/table"
)

// clockCause is what a reason not to trust the host's clock simply means to people. Each is an alarm of
// its own: a fault with the code clock.untrusted whose subject is the reason's code.
type clockCause struct{ Name, What, Do Text }

var clockCauses = map[clock.ReasonCode]clockCause{
	clock.ReasonUnsynchronised: {
		Name: Text{En: "no time server sets it", Zh: "未经授时服务器校时"},
		What: Text{En: "Nothing keeps the controller's clock right.", Zh: "控制器时钟未经授时服务器校时。"},
		Do:   clockDoubt,
	},
	clock.ReasonError: {
		Name: Text{En: "it may be too far off", Zh: "误差可能过大"},
		What: Text{En: "The controller's clock may be further off than is allowed.", Zh: "控制器时钟的误差可能超过允许值。"},
		Do:   clockDoubt,
	},
	clock.ReasonUnreadable: {
		Name: Text{En: "it cannot be checked", Zh: "无法检查"},
		What: Text{En: "The host does not say how right its clock is.", Zh: "主机无法提供时钟的准确程度。"},
		Do:   clockDoubt,
	},
	clock.ReasonOffset: {
		Name: Text{En: "the time server shows another time", Zh: "与授时服务器时间不一致"},
		What: Text{En: "The time server's time and the controller's differ by more than is allowed. One of them is wrong.", Zh: "授时服务器与控制器的时间相差超过允许值，其中之一有误。"},
		Do:   clockDoubt,
	},
	clock.ReasonDisagree: {
		Name: Text{En: "the time servers contradict each other", Zh: "各授时服务器时间不一致"},
		What: Text{En: "The time servers show different times, and none can be told to be right.", Zh: "各授时服务器的时间互不一致，无法判断何者正确。"},
		Do:   clockDoubt,
	},
	clock.ReasonSilent: {
		Name: Text{En: "no time server answers", Zh: "授时服务器无应答"},
		What: Text{En: "No time server answers. The controller's clock goes on by itself and becomes less certain.", Zh: "授时服务器无应答。控制器时钟自行运行，误差逐渐增大。"},
		Do:   clockLater,
	},
	clock.ReasonOneSilent: {
		Name: Text{En: "one time server does not answer", Zh: "有一台授时服务器无应答"},
		What: Text{En: "One of the time servers does not answer. The others do.", Zh: "有一台授时服务器无应答，其余正常。"},
		Do:   clockLater,
	},
	clock.ReasonDissent: {
		Name: Text{En: "one time server contradicts the others", Zh: "有一台授时服务器与其余不一致"},
		What: Text{En: "One time server shows another time than the others. It is not believed.", Zh: "有一台授时服务器的时间与其余不一致，不予采用。"},
		Do:   clockLater,
	},
	clock.ReasonDrift: {
		Name: Text{En: "it runs too fast or too slowly", Zh: "走时过快或者过慢"},
		What: Text{En: "The controller's clock runs faster or slower than the time servers'. The recording states how far it may be off.", Zh: "控制器时钟走时与授时服务器不一致。录制文件中载明其误差范围。"},
		Do:   clockLater,
	},
}

var (
	clockDoubt = Text{En: "Compare with the wall clock and write down the difference. Call a technician. To open a session a supervisor's reason is needed.", Zh: "与挂钟核对并记下差值。联系技术人员。开启录制须由领导写明理由。"}
	clockLater = Text{En: "Go on. Tell a technician today.", Zh: "可以继续。当日告知技术人员。"}
)

// causeOf returns what the subject of a fault of the host's clock means, and whether it is one.
func causeOf(f table.Fault) (clockCause, bool) {
	if f.Code != table.ClockUntrusted {
		return clockCause{}, false
	}
	c, ok := clockCauses[clock.ReasonCode(f.Subject)]
	return c, ok
}

// ClockCause returns what a reason not to trust the host's clock simply means to people; nothing for
// [clock.ReasonLocal], which is a site's own choice.
func ClockCause(code clock.ReasonCode) (name, what Text, ok bool) {
	c, ok := clockCauses[code]
	return c.Name, c.What, ok
}
