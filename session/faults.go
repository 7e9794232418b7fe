package session

import "roomrec/session/table"

// Severity says how soon someone must act.
type Severity string

// The severities.
const (
	Critical Severity = "critical" // the recording is not whole: act now
	Warning  Severity = "warning"  // it will not be, or it cannot be proven: act soon
	Notice   Severity = "notice"   // know it; it is in the report
)

// Fault is what a code means to people. In its texts {subject} stands for the name of what failed.
type Fault struct {
	Code     table.Code
	Title    Text
	What     Text // what happened
	Do       Text // what the officer does now, first action first
	Severity Severity
	Locks    bool   // unless the detector raises it as an alarm only
	Moment   bool   // it happens and is over: each one is an alarm, shown for ten minutes
	Unfit    bool   // no session can be opened while it is open, even as an alarm that would not lock one
	Clause   string // row of docs/requirements.md
}

// Faults returns the catalogue in its order.
func Faults() []Fault {
	out := make([]Fault, len(catalogue))
	copy(out, catalogue)
	return out
}

// FaultOf returns what a code means, and whether there is such a code.
func FaultOf(c table.Code) (Fault, bool) {
	for _, f := range catalogue {
		if f.Code == c {
			return f, true
		}
	}
	return Fault{}, false
}

// catalogue has one entry for every row of the table of faults in docs/design/faults.md.
var catalogue = []Fault{
	{
		Code:     table.CameraLost,
		Title:    Text{En: "{subject}: no picture", Zh: "{subject}：无画面"},
		What:     Text{En: "{subject} has given nothing for 2 seconds.", Zh: "{subject}已有 2 秒没有任何信号。"},
		Do:       Text{En: "Stop asking. Stay with the person. Then look at the camera: plug in? lamp green? It comes back by itself, about 20 seconds after power.", Zh: "停止发问。留在现场，不得让其独处。然后查看摄像机：插头是否松动？指示灯是否为绿色？通电约 20 秒后自动恢复。"},
		Severity: Critical, Locks: true, Clause: "Z29-1",
	},
	{
		Code:     table.CameraRefused,
		Title:    Text{En: "{subject}: access refused", Zh: "{subject}：拒绝接入"},
		What:     Text{En: "{subject} answers, but refuses the password or the address that are configured.", Zh: "{subject}有应答，但不接受已配置的口令或者地址。"},
		Do:       Text{En: "Stop asking. Stay with the person. Then call a technician, or move to another room.", Zh: "停止发问。留在现场，不得让其独处。然后联系技术人员，或者更换房间。"},
		Severity: Critical, Locks: true, Clause: "Z29-1",
	},
	{
		Code:     table.CameraLoss,
		Title:    Text{En: "{subject}: too much of the picture is lost", Zh: "{subject}：画面丢失过多"},
		What:     Text{En: "Of the last 10 seconds more than a fifth of the pictures did not arrive whole, or none can be shown without faults.", Zh: "最近 10 秒内有五分之一以上的画面丢失或者不完整，或者没有一幅能够无误显示。"},
		Do:       Text{En: "Stop asking. Stay with the person. Then have the network cable of the camera checked, or move to another room.", Zh: "停止发问。留在现场，不得让其独处。然后检查摄像机的网线，或者更换房间。"},
		Severity: Critical, Locks: true, Clause: "Z26",
	},
	{
		Code:     table.CameraChanged,
		Title:    Text{En: "{subject}: not as it was at the start", Zh: "{subject}：与开始时不同"},
		What:     Text{En: "Picture format, resolution or device is not the one with which this session began.", Zh: "画面格式、分辨率或者设备与本次开始时不一致。"},
		Do:       Text{En: "Stop asking. Look at the picture. If it is the right camera, accept it by name; if not, call a technician.", Zh: "停止发问。查看画面。确认是原摄像机的，由本人署名确认；不是的，联系技术人员。"},
		Severity: Critical, Locks: true, Clause: "Z26",
	},
	{
		Code:     table.CameraFrozen,
		Title:    Text{En: "{subject}: picture stands still", Zh: "{subject}：画面静止"},
		What:     Text{En: "{subject} sends the same picture again and again.", Zh: "{subject}反复发送同一画面。"},
		Do:       Text{En: "Stop asking. Move your hand before the camera. If the picture does not move, unplug the camera for 5 seconds.", Zh: "停止发问。在镜头前挥手。画面仍不动的，将摄像机断电 5 秒后重新接通。"},
		Severity: Critical, Locks: true, Clause: "Z26",
	},
	{
		Code:     table.CameraDark,
		Title:    Text{En: "{subject}: black or covered", Zh: "{subject}：黑屏或者被遮挡"},
		What:     Text{En: "The picture of {subject} has been black or covered for 10 seconds.", Zh: "{subject}的画面已黑屏或者被遮挡 10 秒。"},
		Do:       Text{En: "Stop asking. Switch the light on and uncover the camera.", Zh: "停止发问。开灯，移开遮挡物。"},
		Severity: Critical, Locks: true, Clause: "Z26",
	},
	{
		Code:     table.CameraMoved,
		Title:    Text{En: "{subject}: looks elsewhere", Zh: "{subject}：画面偏移"},
		What:     Text{En: "The view of {subject} differs from the room's reference picture.", Zh: "{subject}的画面与本室的基准画面不同。"},
		Do:       Text{En: "See that the person and the room are fully in the picture. Turn the camera back if they are not.", Zh: "确认人员和全景均在画面内。不在的，将摄像机调回原位。"},
		Severity: Warning, Clause: "Z5",
	},
	{
		Code:     table.CameraSync,
		Title:    Text{En: "{subject}: sound and picture apart", Zh: "{subject}：声音与画面不同步"},
		What:     Text{En: "Sound and picture of {subject} no longer fit together.", Zh: "{subject}的声音与画面不再同步。"},
		Do:       Text{En: "Stop asking if the page says LOCKED. Unplug the camera for 5 seconds; if that does not help, call a technician.", Zh: "显示“锁定”的，停止发问。将摄像机断电 5 秒后重新接通；仍不恢复的，联系技术人员。"},
		Severity: Critical, Locks: true, Clause: "Z26",
	},
	{
		Code:     table.AudioLost,
		Title:    Text{En: "{subject}: no sound", Zh: "{subject}：无声音信号"},
		What:     Text{En: "{subject} has given no sound for 2 seconds.", Zh: "{subject}已有 2 秒没有声音信号。"},
		Do:       Text{En: "Stop asking. Stay with the person. Then check the microphone's plug.", Zh: "停止发问。留在现场，不得让其独处。然后检查话筒插头。"},
		Severity: Critical, Locks: true, Clause: "Z26",
	},
	{
		Code:     table.AudioDead,
		Title:    Text{En: "{subject}: microphone is dead", Zh: "{subject}：话筒失效"},
		What:     Text{En: "The sound of {subject} is one constant value: nothing can be heard on it.", Zh: "{subject}的声音为恒定值，无法听到任何内容。"},
		Do:       Text{En: "Clap once. If the sound meter does not move, stop asking and check the microphone's plug.", Zh: "击掌一次。音量指示不动的，停止发问，检查话筒插头。"},
		Severity: Critical, Locks: true, Clause: "Z26",
	},
	{
		Code:     table.AudioLow,
		Title:    Text{En: "{subject}: sound too low", Zh: "{subject}：声音过低"},
		What:     Text{En: "The sound of {subject} has been too low for a minute to understand what is said.", Zh: "{subject}的声音过低已达一分钟，无法听清。"},
		Do:       Text{En: "Uncover the microphone, or move it closer. Then clap once.", Zh: "移开话筒上的遮挡物或者靠近放置，然后击掌一次。"},
		Severity: Warning, Clause: "Z26",
	},
	{
		Code:     table.AudioClipped,
		Title:    Text{En: "{subject}: sound too loud", Zh: "{subject}：声音过载"},
		What:     Text{En: "The sound of {subject} has been distorted for a minute because it is too loud.", Zh: "{subject}的声音过大失真已达一分钟。"},
		Do:       Text{En: "Move the microphone further away, or have its gain lowered.", Zh: "将话筒移远，或者请技术人员调低增益。"},
		Severity: Warning, Clause: "Z26",
	},
	{
		Code:     table.StorageLost,
		Title:    Text{En: "No disk takes the recording", Zh: "没有磁盘可以存储"},
		What:     Text{En: "The last disk has failed. What is in memory is kept for as long as it fits.", Zh: "最后一块磁盘已失效。内存中的内容在容量允许范围内保留。"},
		Do:       Text{En: "Stop asking. Stay with the person. Do not switch anything off. Call a technician now.", Zh: "停止发问。留在现场，不得让其独处。不要关闭任何设备。立即联系技术人员。"},
		Severity: Critical, Locks: true, Clause: "Z29-1",
	},
	{
		Code:     table.StorageDegraded,
		Title:    Text{En: "{subject}: disk has failed", Zh: "{subject}：磁盘失效"},
		What:     Text{En: "{subject} has failed. The other disks go on without a gap.", Zh: "{subject}已失效，其他磁盘继续存储，没有缺失段。"},
		Do:       Text{En: "Go on. Call a technician today: until the repair there is one copy less.", Zh: "可以继续。当日联系技术人员：修复之前少一份备份。"},
		Severity: Warning, Clause: "Z8",
	},
	{
		Code:     table.StorageLow,
		Title:    Text{En: "Not enough room on the disks", Zh: "磁盘空间不足"},
		What:     Text{En: "The disks do not hold the planned length of all open sessions.", Zh: "磁盘空间不足以存储所有已开启录制的计划时长。"},
		Do:       Text{En: "Open no new session here. Call a technician for another disk.", Zh: "不要在此开启新的录制。联系技术人员增加磁盘。"},
		Severity: Warning, Unfit: true, Clause: "Z8",
	},
	{
		Code:     table.StorageMismatch,
		Title:    Text{En: "{subject}: disk returns something else", Zh: "{subject}：读回内容不符"},
		What:     Text{En: "What was read back from {subject} is not what was written.", Zh: "从{subject}读回的内容与写入的内容不一致。"},
		Do:       Text{En: "Stop asking if the page says LOCKED. Do not switch anything off. Call a technician now.", Zh: "显示“锁定”的，停止发问。不要关闭任何设备。立即联系技术人员。"},
		Severity: Critical, Locks: true, Clause: "Z24",
	},
	{
		Code:     table.ClockUntrusted,
		Title:    Text{En: "The controller's clock: {subject}", Zh: "控制器时钟：{subject}"},
		What:     Text{En: "The controller's clock is not set by the site's time server, or is off by more than 1 second.", Zh: "控制器时钟未经授时服务器校时，或者误差超过 1 秒。"},
		Do:       Text{En: "Compare with the wall clock and write down the difference. Call a technician. To open a session a supervisor's reason is needed.", Zh: "与挂钟核对并记下差值。联系技术人员。开启录制须由领导写明理由。"},
		Severity: Warning, Clause: "Z23",
	},
	{
		Code:     table.ClockStepped,
		Title:    Text{En: "The clock was moved", Zh: "时钟被调整"},
		What:     Text{En: "The host's clock jumped. The recording's own time goes on evenly; the jump is on record.", Zh: "主机时钟发生跳变。录制自身的时间连续不变，跳变已记录在案。"},
		Do:       Text{En: "Go on. Tell a technician after the session.", Zh: "可以继续。结束后告知技术人员。"},
		Severity: Notice, Moment: true, Clause: "Z23",
	},
	{
		Code:     table.CameraClock,
		Title:    Text{En: "{subject}: its clock is off", Zh: "{subject}：时钟有偏差"},
		What:     Text{En: "The camera's own clock is off by more than 2 seconds. The controller's time is what counts.", Zh: "摄像机自身时钟偏差超过 2 秒。以控制器时间为准。"},
		Do:       Text{En: "Go on. Have the camera's clock set after the session.", Zh: "可以继续。结束后对摄像机校时。"},
		Severity: Notice, Clause: "Z23",
	},
	{
		Code:     table.OverlayMissing,
		Title:    Text{En: "{subject}: shows no time of its own", Zh: "{subject}：画面无时间显示"},
		What:     Text{En: "The camera writes no date and time into its picture. The recording carries the controller's time.", Zh: "摄像机画面中没有日期和时间。录制文件带有控制器的时间。"},
		Do:       Text{En: "Go on. Have the camera's on-screen time switched on after the session.", Zh: "可以继续。结束后在摄像机中开启时间显示。"},
		Severity: Notice, Clause: "Z26",
	},
	{
		Code:     table.ControllerRestarted,
		Title:    Text{En: "The controller was down", Zh: "控制器曾停止运行"},
		What:     Text{En: "The controller went down during the session and is back. What was acknowledged before is safe; the time between is an interruption.", Zh: "控制器在录制期间停止运行，现已恢复。此前确认存储的内容完好，其间为中断。"},
		Do:       Text{En: "Stop asking. Stay with the person. Wait until the cameras record again, then press Resume.", Zh: "停止发问。留在现场，不得让其独处。等待摄像机重新录制后，按“恢复”。"},
		Severity: Critical, Locks: true, Clause: "Z29-1",
	},
	{
		Code:     table.PanelLost,
		Title:    Text{En: "The room's page does not answer", Zh: "本室页面无应答"},
		What:     Text{En: "The page in the room has not answered for 10 seconds. Recording goes on.", Zh: "本室页面已有 10 秒无应答。录制仍在继续。"},
		Do:       Text{En: "Go to the room. The officer must not ask while the page shows nothing.", Zh: "到现场查看。页面无显示时，办案人员不得发问。"},
		Severity: Warning, Clause: "Z24",
	},
	{
		Code:     table.RoomUnopened,
		Title:    Text{En: "Someone speaks, and nothing is recorded", Zh: "有人讲话而未录制"},
		What:     Text{En: "There has been speech in the room for a minute without a session. Only its level was measured, nothing is kept.", Zh: "本室有人讲话已达一分钟，尚未开启录制。仅测量音量，未保存任何内容。"},
		Do:       Text{En: "If someone is being questioned, open a session now.", Zh: "如正在讯问或询问，立即开启录制。"},
		Severity: Warning, Clause: "Z24",
	},
	{
		Code:     table.SelfTestFailed,
		Title:    Text{En: "The self-test found something wrong", Zh: "自检发现问题"},
		What:     Text{En: "A test recording of this room was not in order: picture, sound or a disk.", Zh: "本室的测试录制不正常：画面、声音或者磁盘存在问题。"},
		Do:       Text{En: "Look at pictures and sound on this page. If one is missing, do not begin. Call a technician.", Zh: "查看本页的画面和声音。有缺失的，不得开始。联系技术人员。"},
		Severity: Warning, Clause: "Z8",
	},
	{
		Code:     table.CameraExchanged,
		Title:    Text{En: "{subject}: another device", Zh: "{subject}：设备已被更换"},
		What:     Text{En: "The device at the address of {subject} has another serial number or network address than the one that was set up.", Zh: "{subject}所在地址的设备，序列号或者网络地址与登记的不一致。"},
		Do:       Text{En: "Stop asking, and do not begin here. Look at the picture. If it is the right camera, accept it by name; if not, move to another room. Call a technician: who exchanged it, and why?", Zh: "停止发问，也不要在此开始。查看画面。确认是应有的摄像机的，由本人署名确认；不是的，更换房间。联系技术人员，查明何人因何更换。"},
		Severity: Critical, Locks: true, Unfit: true, Clause: "Z5",
	},
	{
		Code:     table.LogFailed,
		Title:    Text{En: "The station's log cannot be written", Zh: "录制登记日志无法写入"},
		What:     Text{En: "Openings and seals are not entered in the station's log. Recording goes on; the entries are made later, and say so.", Zh: "开启和封存未能登记。录制仍在继续，登记将在以后补做并注明。"},
		Do:       Text{En: "Go on. Call a technician today.", Zh: "可以继续。当日联系技术人员。"},
		Severity: Warning, Clause: "Z38",
	},
}
