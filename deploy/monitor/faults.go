package monitor

import (
	"fmt"
	"strings"

	"roomrec/session"
	"roomrec/session/table"
)

// faults are the alerts for what the program itself calls a fault. What happened and what the officer
// does is the catalogue's; steps adds what a technician does.
func faults() []Alert {
	var out []Alert
	for _, f := range session.Faults() {
		if f.Code == table.ClockUntrusted {
			continue // it is the controller's, not a room's: equipment has it
		}
		subject := ""
		if about(f) {
			subject = "front"
		}
		series := fmt.Sprintf(`roomrec_room_fault_open{room="room3",fault="%s",subject="%s"}`, f.Code, subject)
		out = append(out, Alert{
			Name: FaultName(f.Code), Expr: fmt.Sprintf(`roomrec_room_fault_open{fault="%s"} == 1`, f.Code), For: "0s",
			Severity: f.Severity, Clause: f.Clause,
			Title: Text{En: "{{ $labels.room }}: " + fill(f.Title.En), Zh: "{{ $labels.room }}：" + fill(f.Title.Zh)},
			What:  Text{En: strings.ReplaceAll(f.What.En, "{subject}", "The camera or disk"), Zh: strings.ReplaceAll(f.What.Zh, "{subject}", "该设备")},
			Do: append([]Text{{
				En: "In the room: " + strings.ReplaceAll(f.Do.En, "{subject}", "it"), Zh: "现场：" + strings.ReplaceAll(f.Do.Zh, "{subject}", "该设备"),
			}}, steps[f.Code]...),
			Fires: []string{series + " 1x40"}, Quiet: []string{series + " 0x40"},
			Labels: map[string]string{"room": "room3", "fault": string(f.Code), "subject": subject},
		})
	}
	return out
}

// about reports whether a fault's title names the camera or volume that it concerns.
func about(f session.Fault) bool { return strings.Contains(f.Title.En, "{subject}") }

func fill(title string) string {
	return strings.ReplaceAll(title, "{subject}", "{{ $labels.subject }}")
}

// FaultName returns the name of a fault's alert: RoomrecFaultCameraLost for camera.lost.
func FaultName(c table.Code) string {
	name := "RoomrecFault"
	for part := range strings.FieldsFuncSeq(string(c), func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		name += strings.ToUpper(part[:1]) + part[1:]
	}
	return name
}

// steps are what a technician does about each fault, beside what the catalogue asks of the officer.
var steps = map[table.Code][]Text{
	table.CameraLost: {
		{En: "`ping` the camera; look at its PoE port and cable; `roomrec probe` its address.", Zh: "`ping` 该摄像机；检查其 PoE 端口和网线；对其地址执行 `roomrec probe`。"},
		{En: "If it answers but gives nothing, restart it from its own page.", Zh: "有应答但无视频流的，在其自身页面中重启。"},
	},
	table.CameraRefused: {
		{En: "Compare user and password file with the camera's own; a camera may bar an address after some wrong attempts: wait, then try `roomrec probe`.", Zh: "核对用户名和口令文件；摄像机可能因多次口令错误而封锁地址：等待后再执行 `roomrec probe`。"},
		{En: "If its firmware was updated, the path of the stream may have changed.", Zh: "固件升级后，视频流路径可能改变。"},
	},
	table.CameraLoss: {
		{En: "Set `transport: tcp`; look at the errors of the switch port and at the load of the uplink.", Zh: "改用 `transport: tcp`；检查交换机端口错误计数和上联负载。"},
	},
	table.CameraChanged: {
		{En: "See whether someone changed resolution, codec or profile in the camera, or exchanged it. Change it back, or let a named officer accept it.", Zh: "查明是否有人更改了分辨率、编码或者码流配置，或者更换了设备。改回原样，或者由办案人员署名确认。"},
	},
	table.CameraFrozen: {
		{En: "Restart the camera. If it happens again, update its firmware or replace it: an encoder that hangs does not mend itself.", Zh: "重启摄像机。再次发生的，升级固件或者更换：编码器卡死不会自行恢复。"},
	},
	table.CameraDark: {
		{En: "See whether the infrared filter or lamp hangs, the lens is dirty, or the exposure was changed.", Zh: "检查红外滤光片或者补光灯是否故障、镜头是否污损、曝光设置是否被更改。"},
	},
	table.CameraMoved: {
		{En: "Turn the camera back to the view that was approved and fix it. A new view needs a new reference picture.", Zh: "将摄像机调回经确认的视角并固定。新的视角需要新的基准画面。"},
	},
	table.CameraSync: {
		{En: "Switch off \"smart\" codecs and frame-rate saving in the camera, set a constant frame rate, and update its firmware.", Zh: "在摄像机中关闭“智能编码”和动态帧率，设置固定帧率，并升级固件。"},
	},
	table.AudioLost: {
		{En: "See that sound is switched on for the recorded stream in the camera and that the microphone has power.", Zh: "确认摄像机主码流已开启音频，且话筒供电正常。"},
	},
	table.AudioDead: {
		{En: "Look at input type (line or microphone), phantom power and plug; then speak and look at the meter of the room's page.", Zh: "检查输入类型（线路或者话筒）、幻象供电和插头；然后讲话并查看页面音量指示。"},
	},
	table.AudioLow: {
		{En: "Raise the gain until ordinary speech fills about two thirds of the meter; switch off noise reduction.", Zh: "提高增益，使正常讲话约占音量指示的三分之二；关闭降噪。"},
	},
	table.AudioClipped: {
		{En: "Lower the gain, and switch off automatic gain where it hunts.", Zh: "降低增益；自动增益反复波动的，将其关闭。"},
	},
	table.StorageLost: {
		{En: "Memory holds some minutes. Bring any volume back, or mount another disk, mark it with `roomrec volume init` and use it with `roomrec volume add`: what is in memory is written there.", Zh: "内存可保留数分钟。恢复任一卷，或者挂载另一块磁盘，用 `roomrec volume init` 标记并用 `roomrec volume add` 启用：内存中的内容会写入其中。"},
		{En: "`journalctl -k` says why the disks went.", Zh: "`journalctl -k` 说明磁盘失效原因。"},
	},
	table.StorageDegraded: {
		{En: "`journalctl -k`, `smartctl -a`, cable, power. Replace the disk and use the new one with `roomrec volume add`.", Zh: "检查 `journalctl -k`、`smartctl -a`、数据线和电源。更换磁盘，用 `roomrec volume add` 启用新磁盘。"},
	},
	table.StorageLow: {
		{En: "Add a disk: `roomrec volume init`, `roomrec volume add`, and the settings. Delete nothing.", Zh: "增加磁盘：`roomrec volume init`、`roomrec volume add`，并写入配置。不得删除任何内容。"},
	},
	table.StorageMismatch: {
		{En: "Take the disk out of use. Test memory and controller too: bits change on the way as well as on the disk.", Zh: "停用该磁盘。同时检测内存和磁盘控制器：数据在传输途中也可能改变。"},
		{En: "Run `roomrec verify` on the sessions of that day on all volumes.", Zh: "对当日所有卷上的录制执行 `roomrec verify`。"},
	},
	table.ClockStepped: {
		{En: "Find who set the clock (`journalctl -u chrony -u systemd-timesyncd`). Let it be slewed, never set, while the service runs.", Zh: "查明是谁调整了时钟（`journalctl -u chrony -u systemd-timesyncd`）。服务运行期间只可平滑调整，不得直接设置。"},
	},
	table.CameraClock: {
		{En: "Give the camera the site's time server, and set its zone.", Zh: "为摄像机配置本单位授时服务器，并设置时区。"},
	},
	table.OverlayMissing: {
		{En: "Switch on the on-screen date and time (24 hours) in the camera.", Zh: "在摄像机中开启画面日期和时间显示（24 小时制）。"},
	},
	table.ControllerRestarted: {
		{En: "Find out why: `journalctl -b -1 -e`, `journalctl -u roomrec`, the log of the uninterruptible power supply.", Zh: "查明原因：`journalctl -b -1 -e`、`journalctl -u roomrec`、不间断电源日志。"},
	},
	table.PanelLost: {
		{En: "Look at the kiosk's power, network and browser. Recording does not depend on it.", Zh: "检查终端的电源、网络和浏览器。录制不依赖该终端。"},
	},
	table.LogFailed: {
		{En: "`journalctl -u roomrec | grep 'station log'` says why: the key, the system disk, or a volume whose copy contradicts. `roomrec log check` on the volumes compares them.", Zh: "`journalctl -u roomrec | grep 'station log'` 说明原因：密钥、系统盘，或者某卷的副本不一致。对各卷执行 `roomrec log check` 进行比对。"},
	},
	table.CameraExchanged: {
		{En: "`roomrec camera info` says which device it is. If it was exchanged on purpose, write its serial number and MAC into the settings, and look at picture and sound.", Zh: "执行 `roomrec camera info` 查看设备信息。确属有意更换的，将新的序列号和 MAC 写入配置，并检查画面和声音。"},
	},
	table.SelfTestFailed: {
		{En: "`roomrec self-test` with the room's id makes another one and says what is wrong; all results are in `state_dir/self-tests`.", Zh: "执行 `roomrec self-test` 加房间标识重新自检，可看到问题所在；全部结果保存在 `state_dir/self-tests`。"},
		{En: "A camera: `roomrec probe` its address. A disk: `roomrec doctor`.", Zh: "摄像机问题：对其地址执行 `roomrec probe`。磁盘问题：执行 `roomrec doctor`。"},
	},
	table.RoomUnopened: {
		{En: "Cleaning or a meeting is no fault. If it comes often from an empty room, raise the threshold or look for the noise.", Zh: "保洁或者开会不属于故障。空房间频繁告警的，查找噪声来源或者调整阈值。"},
	},
}
