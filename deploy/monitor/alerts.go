package monitor

import (
	"slices"

	"roomrec/session"
)

// Alerts are all alerts: what the program itself calls a fault, and what only a look from outside or
// over a longer time shows.
func Alerts() []Alert { return slices.Concat(sessions(), equipment(), papers(), faults()) }

const room3 = `{room="room3"}`

// sessions are the alerts about what is being recorded and what was.
func sessions() []Alert {
	return []Alert{
		{
			Name: "RoomrecDown", Expr: `up{job="roomrec"} == 0 or absent(up{job="roomrec"})`, For: "30s", Severity: session.Critical,
			Title: Text{En: "The controller does not answer", Zh: "控制器无应答"},
			What:  Text{En: "Prometheus gets no answer from the controller. Nothing may be recorded in any room.", Zh: "Prometheus 得不到控制器的应答。所有房间均可能没有录制。"},
			Do: []Text{
				{En: "Go to the rooms, or call them: where a page says that it has lost the controller, questioning must stop.", Zh: "到各房间查看或者打电话：页面显示失去控制器的，必须停止发问。"},
				{En: "On the controller: `systemctl status roomrec`, then `journalctl -u roomrec -n 100`. Start it if it has stopped; sessions come back LOCKED.", Zh: "在控制器上执行 `systemctl status roomrec`，再执行 `journalctl -u roomrec -n 100`。已停止的，启动服务；未结束的录制恢复后为“锁定”。"},
				{En: "If it runs, look at the network between Prometheus and its address.", Zh: "服务正在运行的，检查 Prometheus 与其地址之间的网络。"},
			},
			Fires: []string{`up{job="roomrec",instance="controller"} 0x40`}, Quiet: []string{`up{job="roomrec",instance="controller"} 1x40`},
			Labels: map[string]string{"job": "roomrec", "instance": "controller"},
		},
		{
			Name: "RoomrecRoomNotFit", Expr: `roomrec_room_fit == 0`, For: "5m", Severity: session.Warning, Clause: "Z8",
			Title: Text{En: "{{ $labels.room }} cannot record", Zh: "{{ $labels.room }} 无法录制"},
			What:  Text{En: "A required camera, a disk or something else without which no session can be opened has been missing in the room for five minutes.", Zh: "必需的摄像机、磁盘或者其他开启录制的必要条件，在该房间已缺失五分钟。"},
			Do: []Text{
				{En: "Open the room's page: it lists every reason with what to do.", Zh: "打开该房间的页面：页面列出每一项原因和处理办法。"},
				{En: "Tell the duty officer to use another room until it is mended.", Zh: "通知值班人员在修复之前使用其他房间。"},
			},
			Fires: []string{`roomrec_room_fit` + room3 + ` 0x40`}, Quiet: []string{`roomrec_room_fit` + room3 + ` 1x40`}, Labels: inRoom,
		},
		{
			Name: "RoomrecSessionLocked", Expr: `roomrec_session_state{state="Locked"} == 1`, For: "0s", Severity: session.Critical, Clause: "Z29-1",
			Title: Text{En: "{{ $labels.room }}: the session is LOCKED", Zh: "{{ $labels.room }}：已锁定"},
			What:  Text{En: "Something in the room is not being recorded. Questioning must stop until it is.", Zh: "该房间的录制不完整。恢复之前必须停止讯问。"},
			Do: []Text{
				{En: "Open the room's page: it names the cause and the first thing to do.", Zh: "打开该房间的页面：页面写明原因和首先要做的事。"},
				{En: "Mend it, or let the session move to another room. Do not switch the controller off.", Zh: "排除故障，或者更换房间继续。不要关闭控制器。"},
				{En: "The officer resumes with the script that the page shows. Nothing else unlocks.", Zh: "由办案人员按页面显示的说明恢复。没有其他解除锁定的办法。"},
			},
			Fires: []string{`roomrec_session_state{room="room3",state="Locked"} 1x40`}, Quiet: []string{`roomrec_session_state{room="room3",state="Locked"} 0x40`, `roomrec_session_state{room="room3",state="Questioning"} 1x40`},
			Labels: map[string]string{"room": "room3", "state": "Locked"},
		},
		{
			Name: "RoomrecSessionLockedLong", Expr: `roomrec_session_state{state="Locked"} == 1`, For: "10m", Severity: session.Critical, Clause: "Z29-1",
			Title: Text{En: "{{ $labels.room }}: LOCKED for ten minutes", Zh: "{{ $labels.room }}：锁定已达十分钟"},
			What:  Text{En: "A session has been locked for ten minutes: nobody has mended the cause, or nobody has resumed.", Zh: "锁定已达十分钟：故障未排除，或者无人恢复。"},
			Do: []Text{
				{En: "Call the supervisor: change the room or the equipment, or break the session off.", Zh: "报告领导：更换房间或者设备，或者终止本次录制。"},
				{En: "Going on unrecorded exists only where the law allows it, and the page offers it only there.", Zh: "仅在法律允许时方可未录制讯问，页面也仅在此时提供该操作。"},
			},
			Fires: []string{`roomrec_session_state{room="room3",state="Locked"} 1x40`}, Quiet: []string{`roomrec_session_state{room="room3",state="Locked"} 0x13 1x9`},
			Labels: map[string]string{"room": "room3", "state": "Locked"},
		},
		{
			Name: "RoomrecSessionUnrecorded", Expr: `roomrec_session_state{state="Unrecorded"} == 1`, For: "0s", Severity: session.Warning, Clause: "Z29-2",
			Title: Text{En: "{{ $labels.room }}: questioning goes on unrecorded", Zh: "{{ $labels.room }}：未录制讯问进行中"},
			What:  Text{En: "An approver has let the questioning go on without a complete recording. It ends when the cause ends.", Zh: "经批准，在录制不完整的情况下继续。故障排除后即应终止。"},
			Do: []Text{
				{En: "Mend the cause now, as for a locked session.", Zh: "立即排除故障，与锁定时相同。"},
				{En: "See that the transcript carries the line that the page shows, and that the suspect signs it.", Zh: "确认笔录载明页面所示内容，并由本人签名。"},
			},
			Fires: []string{`roomrec_session_state{room="room3",state="Unrecorded"} 1x40`}, Quiet: []string{`roomrec_session_state{room="room3",state="Unrecorded"} 0x40`},
			Labels: map[string]string{"room": "room3", "state": "Unrecorded"},
		},
		{
			Name: "RoomrecUnrecordedAlthoughFit", Expr: `roomrec_session_state{state="Unrecorded"} == 1 and on (room) roomrec_room_fit == 1`, For: "1m", Severity: session.Critical, Clause: "Z29-2",
			Title: Text{En: "{{ $labels.room }}: unrecorded although it could be recorded", Zh: "{{ $labels.room }}：可以录制而未录制讯问"},
			What:  Text{En: "The cause is mended, and questioning still goes on without a complete recording. That is a finding.", Zh: "故障已排除，仍未恢复完整录制。此情形记入报告。"},
			Do: []Text{
				{En: "Call the room: the officer must press Resume now.", Zh: "立即联系该房间：办案人员必须按“恢复”。"},
			},
			Fires: []string{`roomrec_session_state{room="room3",state="Unrecorded"} 1x40`, `roomrec_room_fit` + room3 + ` 1x40`},
			Quiet: []string{`roomrec_session_state{room="room3",state="Unrecorded"} 1x40`, `roomrec_room_fit` + room3 + ` 0x40`}, Labels: map[string]string{"room": "room3", "state": "Unrecorded"},
		},
		{
			Name: "RoomrecSessionNotSafe", Expr: `time() - roomrec_session_safe_until_timestamp_seconds > 15 and on (room) roomrec_session_state{state=~"Standby|Questioning|Resuming"} == 1`,
			For: "15s", Severity: session.Critical, Clause: "Z24",
			Title: Text{En: "{{ $labels.room }}: nothing has been safe for 15 seconds", Zh: "{{ $labels.room }}：已有 15 秒未确认存储"},
			What:  Text{En: "The session is not locked, but no picture of it has been written and synced on its volumes for more than 15 seconds.", Zh: "未锁定，但已有超过 15 秒没有任何画面写入并同步到磁盘。"},
			Do: []Text{
				{En: "Call the room: questioning must stop until the page's \"safe to\" moves again.", Zh: "立即联系该房间：在页面的“已确认存储至”恢复前进之前停止发问。"},
				{En: "Look at the disks (`journalctl -k`) and at the load of the controller, and keep its log: this should have locked by itself.", Zh: "检查磁盘（`journalctl -k`）和控制器负载，并保存日志：此情形本应自动锁定。"},
			},
			Fires: []string{`roomrec_session_safe_until_timestamp_seconds` + room3 + ` 60x40`, `roomrec_session_state{room="room3",state="Questioning"} 1x40`},
			Quiet: []string{`roomrec_session_safe_until_timestamp_seconds` + room3 + ` 0+60x40`, `roomrec_session_state{room="room3",state="Questioning"} 1x40`}, Labels: inRoom,
		},
		{
			Name: "RoomrecJournalWaits", Expr: `roomrec_session_journal_lines_waiting > 0`, For: "1m", Severity: session.Warning, Clause: "Z38",
			Title: Text{En: "{{ $labels.room }}: journal lines are not on the volumes", Zh: "{{ $labels.room }}：日志未写入磁盘"},
			What:  Text{En: "What people did in the session is kept in memory and in the spool, because no volume has taken it for a minute.", Zh: "因磁盘在一分钟内未能写入，操作记录暂存于内存和缓存目录。"},
			Do: []Text{
				{En: "See to the disks, as for the alert about storage that is open too.", Zh: "处理磁盘故障，参见同时发出的存储告警。"},
				{En: "Do not switch the controller off before the number is 0 again.", Zh: "该数值回到 0 之前不要关闭控制器。"},
			},
			Fires: []string{`roomrec_session_journal_lines_waiting` + room3 + ` 3x40`}, Quiet: []string{`roomrec_session_journal_lines_waiting` + room3 + ` 0x40`}, Labels: inRoom,
		},
		{
			Name: "RoomrecNoRest", Expr: `time() - roomrec_session_last_rest_timestamp_seconds > 4 * 3600`, For: "0s", Severity: session.Warning, Clause: "Z28",
			Title: Text{En: "{{ $labels.room }}: four hours without rest", Zh: "{{ $labels.room }}：已四小时没有休息"},
			What:  Text{En: "The person has been questioned for four hours, and no rest was marked.", Zh: "讯问已持续四小时，未标记休息。"},
			Do: []Text{
				{En: "Call the room: rest, food and drink are due, and are marked on the page. Recording goes on.", Zh: "联系该房间：应当安排休息、饮食，并在页面上标记。录制不停。"},
			},
			Fires: []string{`roomrec_session_last_rest_timestamp_seconds` + room3 + ` -13500x40`}, Quiet: []string{`roomrec_session_last_rest_timestamp_seconds` + room3 + ` -13000x40`}, Labels: inRoom,
		},
		{
			Name: "RoomrecSealWaits", Expr: `roomrec_session_state{state="Closing"} == 1`, For: "15m", Severity: session.Warning, Clause: "C50",
			Title: Text{En: "{{ $labels.room }}: the session is not sealed", Zh: "{{ $labels.room }}：尚未封存"},
			What:  Text{En: "The session ended a quarter of an hour ago and could not be sealed: its disks or the controller's key cannot be used.", Zh: "录制结束已达十五分钟仍无法封存：磁盘或者控制器密钥不可用。"},
			Do: []Text{
				{En: "Look into the log for \"seal\": `journalctl -u roomrec --since -30min`.", Zh: "在日志中查找“seal”：`journalctl -u roomrec --since -30min`。"},
				{En: "See that the state folder and one volume can be written. It is sealed by itself as soon as they can.", Zh: "确认状态目录和至少一个卷可写。可写后自动封存。"},
			},
			Fires: []string{`roomrec_session_state{room="room3",state="Closing"} 1x40`}, Quiet: []string{`roomrec_session_state{room="room3",state="Closing"} 0x10 1x12`}, Labels: map[string]string{"room": "room3", "state": "Closing"},
		},
		{
			Name: "RoomrecTimestampsWait", Expr: `roomrec_timestamps_waiting > 0`, For: "15m", Severity: session.Warning, Clause: "C50",
			Title: Text{En: "Seals wait for their time-stamp", Zh: "有封存尚未取得时间戳"},
			What:  Text{En: "The site's time-stamping authority has not stamped a seal for a quarter of an hour, or a disk does not take what it stamps. Recordings and seals are not concerned.", Zh: "站点的时间戳机构已有十五分钟未对封存加盖时间戳，或者磁盘无法写入时间戳。录制和封存不受影响。"},
			Do: []Text{
				{En: "`roomrec doctor --config /etc/roomrec/roomrec.yaml` asks the authority and says what is wrong.", Zh: "运行 `roomrec doctor --config /etc/roomrec/roomrec.yaml`，检查该机构并说明问题。"},
				{En: "Call whoever runs the authority. What waits is stamped by itself when it answers again.", Zh: "联系时间戳机构的管理人员。恢复应答后自动补盖。"},
				{En: "If it is reached, look into the log for \"time-stamp\": `journalctl -u roomrec --since -2h`.", Zh: "如可以连接，在日志中查找“time-stamp”：`journalctl -u roomrec --since -2h`。"},
			},
			Fires: []string{`roomrec_timestamps_waiting 2x40`}, Quiet: []string{`roomrec_timestamps_waiting 0x10 1x12 0x20`},
		},
		{
			Name: "RoomrecSessionLeftOpen", Expr: `roomrec_sessions_not_sealed - sum(roomrec_session_state{state!="Sealed"}) > 0`, For: "15m", Severity: session.Warning, Clause: "Z38",
			Title: Text{En: "{{ $value }} sessions are neither running nor sealed", Zh: "{{ $value }} 次录制既未进行也未封存"},
			What:  Text{En: "Sessions were opened that run in no room and have no seal: their folders are on a disk that is not there, or cannot be read.", Zh: "有录制已开启，但未在任何房间进行且未封存：其文件夹所在磁盘不在位或者无法读取。"},
			Do: []Text{
				{En: "Open the list of sessions and look for those without a seal; bring their disk back and restart the service.", Zh: "打开列表查找未封存的录制；恢复其磁盘后重启服务。"},
				{En: "`roomrec verify FOLDER` says what is there of each.", Zh: "`roomrec verify 文件夹` 说明每次录制现存的内容。"},
			},
			Fires: []string{`roomrec_sessions_not_sealed 2x40`, `roomrec_session_state{room="room3",state="Questioning"} 1x40`}, Quiet: []string{`roomrec_sessions_not_sealed 1x40`, `roomrec_session_state{room="room3",state="Questioning"} 1x40`},
		},
		{
			Name: "RoomrecSessionAltered", Expr: `sum(roomrec_sessions_sealed{verdict=~"altered|another key"}) > 0`, For: "0s", Severity: session.Critical, Clause: "Z33",
			Title: Text{En: "A sealed recording has been altered", Zh: "已封存的录制被改动"},
			What:  Text{En: "The verifier found that something in a sealed session is not as it was recorded, or that its seal is by a key that was never this station's.", Zh: "校验发现已封存的内容与录制时不一致，或者封存所用的密钥从未属于本设备。"},
			Do: []Text{
				{En: "Touch nothing on its disks. Tell whoever answers for the recordings.", Zh: "不要动其磁盘上的任何内容。报告录音录像的责任人。"},
				{En: "Run `roomrec verify` on its folders on all volumes: another copy may be whole.", Zh: "对所有卷上的文件夹执行 `roomrec verify`：其他副本可能完好。"},
			},
			Fires: []string{`roomrec_sessions_sealed{verdict="altered",ending="signed"} 1x40`, `roomrec_sessions_sealed{verdict="another key",ending="signed"} 1x40`}, Quiet: []string{`roomrec_sessions_sealed{verdict="intact",ending="signed"} 9x40`, `roomrec_sessions_sealed{verdict="altered",ending="signed"} 0x40`},
		},
		{
			Name: "RoomrecSessionIncomplete", Expr: `sum(roomrec_sessions_sealed{verdict=~"incomplete|unsealed|unknown version"}) > 0`, For: "0s", Severity: session.Warning, Clause: "Z33",
			Title: Text{En: "A sealed recording is not complete", Zh: "已封存的录制不完整"},
			What:  Text{En: "The verifier did not find everything that was recorded in a sealed session, or could not judge it.", Zh: "校验未找到已封存录制的全部内容，或者无法判断。"},
			Do: []Text{
				{En: "Run `roomrec verify` on its folders on all volumes; it names what is missing, and which copy has it.", Zh: "对所有卷上的文件夹执行 `roomrec verify`；它说明缺少什么以及哪份副本完整。"},
				{En: "Look at the disk on which something is missing before it is used again.", Zh: "在再次使用之前检查缺少内容的磁盘。"},
			},
			Fires: []string{`roomrec_sessions_sealed{verdict="incomplete",ending="signed"} 1x40`}, Quiet: []string{`roomrec_sessions_sealed{verdict="intact with declared gaps",ending="signed"} 4x40`},
		},
		{
			Name: "RoomrecSessionUnverified", Expr: `time() - roomrec_sessions_unverified_since_timestamp_seconds > 3600`, For: "5m", Severity: session.Warning, Clause: "C50",
			Title: Text{En: "A sealed recording has not been verified", Zh: "已封存的录制尚未校验"},
			What:  Text{En: "A session was sealed more than an hour ago and has no verdict. Every session is verified after its seal.", Zh: "封存已超过一小时仍无校验结果。每次录制封存后均应校验。"},
			Do: []Text{
				{En: "Look into the log for \"verify\"; then run `roomrec verify` on the session's folder.", Zh: "在日志中查找“verify”；然后对其文件夹执行 `roomrec verify`。"},
			},
			Fires: []string{`roomrec_sessions_unverified_since_timestamp_seconds -3000x40`}, Quiet: []string{`roomrec_sessions_unverified_since_timestamp_seconds 0x40`},
		},
	}
}

var inRoom = map[string]string{"room": "room3"}
