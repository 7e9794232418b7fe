package monitor

import (
	"roomrec/session"
	"roomrec/session/table"
)

// equipment are the alerts about volumes, cameras, the clock and the index.
func equipment() []Alert {
	return []Alert{
		{
			Name: "RoomrecVolumeDegraded", Expr: `roomrec_volume_degraded == 1`, For: "0s", Severity: session.Critical, Clause: "Z8",
			Title: Text{En: "Volume {{ $labels.volume }} has failed", Zh: "卷 {{ $labels.volume }} 失效"},
			What:  Text{En: "The volume gave an error or no answer, and takes nothing more. If it was the last, sessions lock.", Zh: "该卷出错或者无应答，不再写入。若为最后一个卷，录制将锁定。"},
			Do: []Text{
				{En: "`journalctl -k` and `smartctl -a` say what the disk has; look at cable and power.", Zh: "用 `journalctl -k` 和 `smartctl -a` 查明磁盘状况；检查数据线和电源。"},
				{En: "Mount another disk, `roomrec volume init` its folder, and let the running controller use it with `roomrec volume add`.", Zh: "挂载另一块磁盘，用 `roomrec volume init` 标记其文件夹，再用 `roomrec volume add` 让运行中的控制器使用。"},
				{En: "Never repair a file system with evidence on it before it was copied as it is.", Zh: "未原样复制之前，不得修复存有录制内容的文件系统。"},
				{
					En: "Keep the failed disk: it may hold parts of a session that no other has. After a restart such a session waits for it for ten minutes, goes on without it and verifies as incomplete; the log names what is missing.",
					Zh: "保留失效磁盘：某次录制的部分内容可能仅存于该盘。控制器重启后，该录制等待该盘十分钟，其后不再等待而继续进行，校验结果为不完整；日志列明所缺内容。",
				},
			},
			Fires: []string{`roomrec_volume_degraded{volume="a"} 1x40`}, Quiet: []string{`roomrec_volume_degraded{volume="a"} 0x40`}, Labels: map[string]string{"volume": "a"},
		},
		{
			Name: "RoomrecVolumeFillsUp", Expr: `roomrec_volume_left_seconds < 48 * 3600`, For: "10m", Severity: session.Warning, Clause: "Z8",
			Title: Text{En: "Volume {{ $labels.volume }} is full in less than 48 hours of recording", Zh: "卷 {{ $labels.volume }} 剩余录制时间不足 48 小时"},
			What:  Text{En: "At the rate that all cameras give now, the volume takes less than 48 hours more. Nothing is ever deleted to make room.", Zh: "按目前所有摄像机的码率，该卷剩余不足 48 小时。系统不会为腾出空间删除任何内容。"},
			Do: []Text{
				{En: "Mount a new disk, mark it with `roomrec volume init`, use it with `roomrec volume add`, and name it in the settings.", Zh: "挂载新磁盘，用 `roomrec volume init` 标记，用 `roomrec volume add` 启用，并写入配置。"},
				{En: "Keep the full disk as it is: its recordings are originals.", Zh: "原样保存已满的磁盘：其中的录制为原件。"},
			},
			Fires: []string{`roomrec_volume_left_seconds{volume="a"} 7200x40`}, Quiet: []string{`roomrec_volume_left_seconds{volume="a"} 400000x40`}, Labels: map[string]string{"volume": "a"},
		},
		{
			Name: "RoomrecVolumeSlow", Expr: `roomrec:volume_sync_seconds:p99_5m > 1`, For: "10m", Severity: session.Warning, Clause: "Z8",
			Title: Text{En: "Volume {{ $labels.volume }} syncs slowly", Zh: "卷 {{ $labels.volume }} 同步缓慢"},
			What:  Text{En: "One sync in a hundred takes longer than a second. At five seconds the volume is given up.", Zh: "每百次同步有一次超过一秒。达到五秒时该卷将退出。"},
			Do: []Text{
				{En: "See what else writes to the disk (`iotop`, backups, a RAID that rebuilds) and stop it.", Zh: "查看还有什么在写该磁盘（`iotop`、备份、RAID 重建）并停止。"},
				{En: "`smartctl -a`: growing counts of pending or reallocated sectors mean that the disk must be replaced.", Zh: "`smartctl -a`：待映射或者重映射扇区增长的，应更换磁盘。"},
			},
			Fires: []string{`roomrec_volume_sync_seconds_bucket{volume="a",le="1"} 0x40`, `roomrec_volume_sync_seconds_bucket{volume="a",le="2"} 0+60x40`, `roomrec_volume_sync_seconds_bucket{volume="a",le="+Inf"} 0+60x40`},
			Quiet: []string{`roomrec_volume_sync_seconds_bucket{volume="a",le="0.1"} 0+60x40`, `roomrec_volume_sync_seconds_bucket{volume="a",le="+Inf"} 0+60x40`}, Labels: map[string]string{"volume": "a"},
		},
		{
			Name: "RoomrecCameraAway", Expr: `roomrec_camera_connected{camera!~".*/live"} == 0`, For: "1m", Severity: session.Warning, Clause: "Z5",
			Title: Text{En: "{{ $labels.camera }}: no stream", Zh: "{{ $labels.camera }}：没有视频流"},
			What:  Text{En: "The camera has given no stream for a minute, whether or not a session runs.", Zh: "无论是否正在录制，该摄像机已有一分钟没有视频流。"},
			Do: []Text{
				{En: "Look at its power and network (`ping`), then `roomrec probe` its address: the answer says what to change.", Zh: "检查其电源和网络（`ping`），然后对其地址执行 `roomrec probe`：结果说明需要修改什么。"},
				{En: "If the password was changed, write the new one into its password file, then `systemctl reload roomrec`.", Zh: "口令已更改的，写入其口令文件，然后执行 `systemctl reload roomrec`。"},
			},
			Fires: []string{`roomrec_camera_connected{camera="room3/suspect"} 0x40`}, Quiet: []string{`roomrec_camera_connected{camera="room3/suspect"} 1x40`, `roomrec_camera_connected{camera="room3/suspect/live"} 0x40`}, Labels: map[string]string{"camera": "room3/suspect"},
		},
		{
			Name: "RoomrecCameraLossy", Expr: `roomrec:camera_loss:ratio5m{camera!~".*/live"} > 0.01`, For: "5m", Severity: session.Warning, Clause: "Z26",
			Title: Text{En: "{{ $labels.camera }}: packets are lost", Zh: "{{ $labels.camera }}：丢包"},
			What:  Text{En: "More than one packet in a hundred of the camera is lost. Pictures are missing from the recording; at a fifth of them a session locks.", Zh: "该摄像机丢包超过百分之一，录制中有画面缺失；达到五分之一时锁定。"},
			Do: []Text{
				{En: "Set `transport: tcp` for the camera if it is `udp`.", Zh: "传输方式为 `udp` 的，改为 `transport: tcp`。"},
				{En: "Look at the errors of its switch port, the cable, and the sum of bit rates on its uplink.", Zh: "检查交换机端口错误计数、网线以及上联端口的总码率。"},
			},
			Fires:  []string{`roomrec_camera_lost_packets_total{camera="room3/suspect",track="0",codec="H264"} 0+60x40`, `roomrec_camera_received_packets_total{camera="room3/suspect",track="0",codec="H264"} 0+600x40`},
			Quiet:  []string{`roomrec_camera_lost_packets_total{camera="room3/suspect",track="0",codec="H264"} 0x40`, `roomrec_camera_received_packets_total{camera="room3/suspect",track="0",codec="H264"} 0+600x40`},
			Labels: map[string]string{"camera": "room3/suspect"},
		},
		{
			Name: "RoomrecCameraUnstable", Expr: `increase(roomrec_camera_reconnects_total{camera!~".*/live"}[1h]) > 5 and on (camera) roomrec_camera_connected == 1`, For: "0s", Severity: session.Warning, Clause: "Z8",
			Title: Text{En: "{{ $labels.camera }}: the connection keeps breaking", Zh: "{{ $labels.camera }}：连接反复断开"},
			What:  Text{En: "The camera's connection ended more than five times in an hour. Each time is a gap, even if too short to lock.", Zh: "一小时内连接断开超过五次。每次均为缺失段，即使时间很短未触发锁定。"},
			Do: []Text{
				{En: "Look at its power supply (PoE budget), the cable and the log of its switch.", Zh: "检查供电（PoE 功率预算）、网线和交换机日志。"},
				{En: "See whether others pull from it too: cameras refuse or drop streams beyond their limit.", Zh: "查看是否有其他系统同时拉流：超过限制时摄像机会拒绝或者断开。"},
			},
			Fires:  []string{`roomrec_camera_reconnects_total{camera="room3/suspect"} 0+1x80`, `roomrec_camera_connected{camera="room3/suspect"} 1x80`},
			Quiet:  []string{`roomrec_camera_reconnects_total{camera="room3/suspect"} 2x80`, `roomrec_camera_connected{camera="room3/suspect"} 1x80`},
			Labels: map[string]string{"camera": "room3/suspect"},
		},
		{
			Name: "RoomrecClockUntrusted", Expr: `roomrec_clock_trusted == 0`, For: "1m", Severity: session.Warning, Clause: "Z23",
			Title: Text{En: "The controller's clock cannot be trusted", Zh: "控制器时钟不可信"},
			What:  Text{En: "No time server sets the controller's clock, or it may be off by more than the limit. Opening a session needs a supervisor's reason.", Zh: "控制器时钟未经授时服务器校时，或者误差可能超限。开启录制须由领导写明理由。"},
			Do: []Text{
				{En: "`chronyc tracking` and `chronyc sources` (or `timedatectl timesync-status`): is there a server that answers?", Zh: "执行 `chronyc tracking` 和 `chronyc sources`（或者 `timedatectl timesync-status`）：是否有服务器应答？"},
				{En: "Mend the way to the site's time server. A site without one says so with `clock.source: local`.", Zh: "恢复与授时服务器的连接。没有授时服务器的，配置 `clock.source: local`。"},
				{En: "Set no clock by hand while a session runs.", Zh: "录制期间不要手动调整时钟。"},
			},
			Fires: []string{`roomrec_clock_trusted 0x40`}, Quiet: []string{`roomrec_clock_trusted 1x40`},
		},
		{
			// One for the controller, not for each room; and none where the clock is not trusted at all.
			Name: FaultName(table.ClockUntrusted), Expr: `max without (room) (roomrec_room_fault_open{fault="clock.untrusted"} == 1) unless on (instance) roomrec_clock_trusted == 0`, For: "1m", Severity: session.Warning, Clause: "Z23",
			Title: Text{En: "The controller's clock is in doubt: {{ $labels.subject }}", Zh: "控制器时钟存疑：{{ $labels.subject }}"},
			What:  Text{En: "A time server is silent or contradicts the others or the controller's clock, although the clock is still believed. With `clock.source: local` it is believed whatever the servers say.", Zh: "授时服务器无应答，或者与其他服务器、控制器时钟不一致，但时钟仍被视为可信。配置 `clock.source: local` 时，无论服务器时间如何均视为可信。"},
			Do: []Text{
				{En: "The subject says why: `silent` and `one-silent`: a server does not answer; `dissent`, `disagree`, `offset`: servers or the controller show another time; `drift`: the clock runs too fast or too slowly.", Zh: "subject 说明原因：`silent`、`one-silent` 为服务器无应答；`dissent`、`disagree`、`offset` 为服务器之间或者与控制器时间不一致；`drift` 为走时过快或者过慢。"},
				{En: "Compare `roomrec doctor`, each server and the wall clock. Mend the server that is wrong, or take it out of `clock.servers`.", Zh: "核对 `roomrec doctor`、各授时服务器和挂钟。修复有误的服务器，或者从 `clock.servers` 中移除。"},
				{En: "Set no clock by hand while a session runs.", Zh: "录制期间不要手动调整时钟。"},
			},
			Fires:  []string{`roomrec_room_fault_open{room="room3",fault="clock.untrusted",subject="silent"} 1x40`, `roomrec_room_fault_open{room="room4",fault="clock.untrusted",subject="silent"} 1x40`, `roomrec_clock_trusted 1x40`},
			Quiet:  []string{`roomrec_room_fault_open{room="room3",fault="clock.untrusted",subject=""} 0x40`, `roomrec_room_fault_open{room="room4",fault="clock.untrusted",subject="silent"} 1x40`, `roomrec_clock_trusted 0x40`},
			Labels: map[string]string{"fault": "clock.untrusted", "subject": "silent"},
		},
		{
			Name: "RoomrecSelfTestOverdue", Expr: `time() - roomrec_selftest_daily_timestamp_seconds > 26 * 3600`, For: "15m", Severity: session.Warning, Clause: "Z8",
			Title: Text{En: "{{ $labels.room }}: no self-test for more than a day", Zh: "{{ $labels.room }}：超过一天没有自检"},
			What:  Text{En: "The room has had no daily self-test for 26 hours: a session runs in it all the time, or the controller was off at the hour of the test.", Zh: "该室已有 26 小时没有每日自检：一直在录制，或者自检时控制器未运行。"},
			Do: []Text{
				{En: "`roomrec self-test --for 1m` with the room's id makes one now.", Zh: "执行 `roomrec self-test --for 1m` 加房间标识，立即自检。"},
				{En: "If the host is switched off at that hour, choose another: `self_test.daily`.", Zh: "该时刻主机关机的，用 `self_test.daily` 另选时间。"},
			},
			Fires: []string{`roomrec_selftest_daily_timestamp_seconds{room="room3"} -100000x40`}, Quiet: []string{`roomrec_selftest_daily_timestamp_seconds{room="room3"} 0x40`}, Labels: inRoom,
		},
		{
			Name: "RoomrecCatalogErrors", Expr: `increase(roomrec_catalog_errors_total[10m]) > 0`, For: "0s", Severity: session.Warning,
			Title: Text{En: "The index of sessions gives errors", Zh: "索引出错"},
			What:  Text{En: "The index could not be read or written. Recordings do not depend on it; the list of sessions does.", Zh: "索引无法读写。录制不依赖索引，但列表依赖索引。"},
			Do: []Text{
				{En: "See that the disk of the state folder has room and is writable.", Zh: "确认状态目录所在磁盘有空间且可写。"},
				{En: "If the file is damaged: stop the service when no session runs, keep the old file elsewhere, and make a new one with `roomrec reindex`.", Zh: "文件损坏的：在没有录制时停止服务，将旧文件另存，再用 `roomrec reindex` 重建。"},
			},
			Fires: []string{`roomrec_catalog_errors_total 0x15 3x20`}, Quiet: []string{`roomrec_catalog_errors_total 3x40`},
		},
	}
}
