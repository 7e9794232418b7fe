package monitor

// Dashboards are what a supervisor and a technician look at.
func Dashboards() []Dashboard {
	return []Dashboard{siteBoard(), roomBoard(), storageBoard(), complianceBoard()}
}

func one(expr, legend string) []Query { return []Query{{expr, legend}} }

// byVolume shows a query's series, which tell volumes apart, under the names that people have for them.
func byVolume(expr string) []Query {
	return one(expr+` * on (volume) group_left (name) max by (volume, name) (roomrec_volume_info)`, "{{name}}")
}

func siteBoard() Dashboard {
	return Dashboard{File: "roomrec-site", Title: Text{En: "Site", Zh: "全部房间"}, Rows: [][]Panel{
		{
			{Title: Text{En: "Rooms fit", Zh: "可录制房间"}, Kind: "stat", Queries: one(`roomrec:rooms_fit:sum`, "")},
			{Title: Text{En: "Not fit", Zh: "不可录制房间"}, Kind: "stat", Bad: "high", Queries: one(`roomrec:rooms:count - roomrec:rooms_fit:sum`, "")},
			{Title: Text{En: "Questioning", Zh: "正在讯问或询问"}, Kind: "stat", Queries: one(`sum(roomrec_session_state{state="Questioning"})`, "")},
			{Title: Text{En: "LOCKED", Zh: "已锁定"}, Kind: "stat", Bad: "high", Queries: one(`sum(roomrec_session_state{state="Locked"})`, "")},
			{Title: Text{En: "Unrecorded", Zh: "未录制讯问"}, Kind: "stat", Bad: "high", Queries: one(`sum(roomrec_session_state{state="Unrecorded"})`, "")},
			{Title: Text{En: "Alerts", Zh: "告警"}, Kind: "stat", Bad: "high", Queries: one(`count(ALERTS{alertname=~"Roomrec.*",alertstate="firing"}) or vector(0)`, "")},
		},
		{
			{Title: Text{En: "State of every room", Zh: "各房间状态"}, Kind: "table", Queries: one(`sum by (room, state) (roomrec_session_state == 1)`, "")},
			{Title: Text{En: "Open faults", Zh: "未排除的故障"}, Kind: "table", Queries: one(`sum by (room, fault, subject) (roomrec_room_fault_open == 1)`, "")},
			{Title: Text{En: "Fit to record", Zh: "可否录制"}, Kind: "state-timeline", Bad: "low", Says: &fit, Queries: one(`roomrec_room_fit`, "{{room}}")},
		},
		{
			{Title: Text{En: "Sessions by state", Zh: "各状态数量"}, Kind: "timeseries", In: "state", Words: stateWords(), Queries: one(`roomrec:sessions:by_state`, "{{state}}")},
			{Title: Text{En: "Cameras with a stream", Zh: "有视频流的摄像机"}, Kind: "timeseries", Queries: []Query{{`sum(roomrec_camera_connected{camera!~".*/live"})`, "connected · 已连接"}, {`count(roomrec_camera_connected{camera!~".*/live"})`, "all · 全部"}}},
			{Title: Text{En: "Time left on the volumes", Zh: "各卷剩余录制时间"}, Kind: "timeseries", Unit: "s", Queries: byVolume(`roomrec_volume_left_seconds`)},
		},
		{
			{Title: Text{En: "Last self-test of every room passed", Zh: "各房间最近一次自检通过"}, Kind: "stat", Bad: "low", Says: &passed, Queries: one(`roomrec_selftest_passed`, "{{room}}")},
			{Title: Text{En: "Time since the last self-test", Zh: "距最近一次自检"}, Kind: "stat", Unit: "s", Queries: one(`time() - roomrec_selftest_last_timestamp_seconds`, "{{room}}")},
			{Title: Text{En: "Self-tests failed in a day", Zh: "每日自检未通过次数"}, Kind: "stat", Bad: "high", Queries: one(`sum(increase(roomrec_selftest_total{result="failed"}[1d]))`, "")},
		},
	}}
}

func roomBoard() Dashboard {
	return Dashboard{File: "roomrec-room", Title: Text{En: "Room", Zh: "房间"}, Rooms: true, Rows: [][]Panel{
		{
			{Title: Text{En: "State", Zh: "状态"}, Kind: "table", Queries: one(`sum by (room, state) (roomrec_session_state{room=~"$room"} == 1)`, "")},
			{Title: Text{En: "In this state for", Zh: "本状态持续"}, Kind: "stat", Unit: "s", Queries: one(`time() - roomrec_session_state_since_timestamp_seconds{room=~"$room"}`, "{{room}}")},
			{Title: Text{En: "Behind what is safe by", Zh: "距已确认存储"}, Kind: "stat", Unit: "s", Queries: one(`time() - roomrec_session_safe_until_timestamp_seconds{room=~"$room"}`, "{{room}}")},
			{Title: Text{En: "Without rest for", Zh: "距上次休息"}, Kind: "stat", Unit: "s", Queries: one(`time() - roomrec_session_last_rest_timestamp_seconds{room=~"$room"}`, "{{room}}")},
		},
		{
			{Title: Text{En: "Open faults", Zh: "未排除的故障"}, Kind: "timeseries", In: "fault", Words: aboutWords(), Queries: one(`sum by (fault, subject) (roomrec_room_fault_open{room=~"$room"} == 1)`, "{{fault}} {{subject}}")},
			{Title: Text{En: "Sound level", Zh: "音量"}, Kind: "timeseries", Queries: one(`roomrec_room_sound_level{room=~"$room"}`, "{{room}}/{{camera}}")},
			{Title: Text{En: "Journal lines that wait", Zh: "待写入日志"}, Kind: "timeseries", Queries: one(`roomrec_session_journal_lines_waiting{room=~"$room"}`, "{{room}}")},
		},
		{
			{Title: Text{En: "Pictures per second", Zh: "每秒画面"}, Kind: "timeseries", Queries: one(`sum by (camera) (rate(roomrec_camera_units_total{camera=~"($room)/.*",codec=~"H26.*"}[1m]))`, "{{camera}}")},
			{Title: Text{En: "Bytes per second", Zh: "每秒字节"}, Kind: "timeseries", Unit: "Bps", Queries: one(`sum by (camera) (rate(roomrec_camera_received_bytes_total{camera=~"($room)/.*"}[1m]))`, "{{camera}}")},
			{Title: Text{En: "Packets lost", Zh: "丢包率"}, Kind: "timeseries", Unit: "percentunit", Queries: one(`roomrec:camera_loss:ratio5m{camera=~"($room)/.*"}`, "{{camera}}")},
			{Title: Text{En: "Silent for", Zh: "距最近一次画面或声音"}, Kind: "timeseries", In: "codec", Words: tracks, Unit: "s", Queries: one(`time() - roomrec_camera_last_unit_timestamp_seconds{camera=~"($room)/.*",camera!~".*/live"}`, "{{camera}} {{codec}}")},
		},
		{
			{Title: Text{En: "Self-test passed", Zh: "自检通过"}, Kind: "state-timeline", Bad: "low", Says: &passed, Queries: one(`roomrec_selftest_passed{room=~"$room"}`, "{{room}}")},
			{Title: Text{En: "Sound at self-test", Zh: "最近一次自检的音量"}, Kind: "timeseries", Unit: "dB", Queries: one(`roomrec_selftest_sound_dbfs{camera=~"($room)/.*"}`, "{{camera}}")},
			{Title: Text{En: "Brightness at self-test", Zh: "最近一次自检的画面亮度"}, Kind: "timeseries", Unit: "percentunit", Queries: one(`roomrec_selftest_brightness_ratio{camera=~"($room)/.*"}`, "{{camera}}")},
			{Title: Text{En: "Time since the last self-test", Zh: "距最近一次自检"}, Kind: "stat", Unit: "s", Queries: one(`time() - roomrec_selftest_last_timestamp_seconds{room=~"$room"}`, "{{room}}")},
		},
	}}
}

func storageBoard() Dashboard {
	return Dashboard{File: "roomrec-storage-clock", Title: Text{En: "Storage and clock", Zh: "存储与时钟"}, Rows: [][]Panel{
		{
			{Title: Text{En: "Volumes that failed", Zh: "失效的卷"}, Kind: "stat", Bad: "high", Queries: one(`sum(roomrec_volume_degraded)`, "")},
			{Title: Text{En: "Least time left", Zh: "最短剩余时间"}, Kind: "stat", Unit: "s", Queries: one(`min(roomrec_volume_left_seconds)`, "")},
			{Title: Text{En: "Kept for sessions that run", Zh: "为进行中录制预留"}, Kind: "stat", Unit: "bytes", Queries: one(`roomrec_volume_reserved_bytes`, "")},
			{Title: Text{En: "Clock trusted", Zh: "时钟可信"}, Kind: "stat", Bad: "low", Says: &yes, Queries: one(`roomrec_clock_trusted`, "")},
		},
		{
			{Title: Text{En: "Free", Zh: "可用空间"}, Kind: "timeseries", Unit: "bytes", Queries: byVolume(`roomrec_volume_free_bytes`)},
			{Title: Text{En: "Written and synced", Zh: "已写入并同步"}, Kind: "timeseries", Unit: "Bps", Queries: byVolume(`rate(roomrec_volume_acknowledged_bytes_total[1m])`)},
			{Title: Text{En: "Waiting", Zh: "等待写入"}, Kind: "timeseries", Unit: "bytes", Queries: byVolume(`roomrec_volume_queued_bytes`)},
		},
		{
			{Title: Text{En: "Slowest hundredth of writes", Zh: "写入耗时（第 99 百分位）"}, Kind: "timeseries", Unit: "s", Queries: byVolume(`roomrec:volume_write_seconds:p99_5m`)},
			{Title: Text{En: "Slowest hundredth of syncs", Zh: "同步耗时（第 99 百分位）"}, Kind: "timeseries", Unit: "s", Queries: byVolume(`roomrec:volume_sync_seconds:p99_5m`)},
			{Title: Text{En: "From picture to safe", Zh: "从画面到确认存储"}, Kind: "timeseries", Unit: "s", Queries: one(`roomrec:safe_delay_seconds:p99_5m`, "99 %")},
		},
		{
			{Title: Text{En: "Pieces read back in an hour", Zh: "每小时回读次数"}, Kind: "timeseries", Queries: byVolume(`increase(roomrec_volume_read_backs_total[1h])`)},
			{Title: Text{En: "Read-back errors in a day", Zh: "每日回读错误"}, Kind: "timeseries", Queries: byVolume(`increase(roomrec_volume_read_back_errors_total[1d])`)},
			{Title: Text{En: "Fragments acknowledged per second", Zh: "每秒确认的片段"}, Kind: "timeseries", Queries: one(`rate(roomrec_evidence_fragments_total[1m])`, "{{instance}}")},
		},
		{
			{Title: Text{En: "Largest error of the controller's clock", Zh: "控制器时钟最大误差"}, Kind: "timeseries", Unit: "s", Queries: one(`roomrec_clock_max_error_seconds`, "{{instance}}")},
			{Title: Text{En: "Camera clocks", Zh: "摄像机时钟偏差"}, Kind: "timeseries", In: "codec", Words: tracks, Unit: "s", Signed: true, Queries: one(`roomrec_camera_clock_offset_seconds`, "{{camera}} {{codec}}")},
		},
	}}
}

func complianceBoard() Dashboard {
	return Dashboard{File: "roomrec-compliance", Title: Text{En: "Compliance", Zh: "合规"}, Rows: [][]Panel{
		{
			{Title: Text{En: "Intact", Zh: "封存且完整无改动"}, Kind: "stat", Queries: one(`sum(roomrec_sessions_sealed{verdict=~"intact.*"}) or vector(0)`, "")},
			{Title: Text{En: "Altered", Zh: "已被改动"}, Kind: "stat", Bad: "high", Queries: one(`sum(roomrec_sessions_sealed{verdict=~"altered|another key"}) or vector(0)`, "")},
			{Title: Text{En: "Incomplete", Zh: "不完整"}, Kind: "stat", Bad: "high", Queries: one(`sum(roomrec_sessions_sealed{verdict=~"incomplete|unsealed|unknown version"}) or vector(0)`, "")},
			{Title: Text{En: "Not verified", Zh: "尚未校验"}, Kind: "stat", Bad: "high", Queries: one(`sum(roomrec_sessions_sealed{verdict="none"}) or vector(0)`, "")},
			{Title: Text{En: "Interrupted", Zh: "有中断"}, Kind: "stat", Queries: one(`roomrec_sessions_interrupted`, "")},
			{Title: Text{En: "Not sealed", Zh: "未封存"}, Kind: "stat", Queries: one(`roomrec_sessions_not_sealed`, "")},
		},
		{
			{Title: Text{En: "Sealed sessions by ending", Zh: "按结束方式"}, Kind: "timeseries", In: "ending", Words: endings, Queries: one(`sum by (ending) (roomrec_sessions_sealed)`, "{{ending}}")},
			{Title: Text{En: "Locks in a day, by cause", Zh: "每日锁定次数（按原因）"}, Kind: "timeseries", In: "cause", Words: faultWords(), Queries: one(`(roomrec:locks:increase1d > 0) or label_replace(vector(0), "cause", "none", "", "")`, "{{cause}}")},
			{Title: Text{En: "Time locked in a day", Zh: "每日锁定时长"}, Kind: "timeseries", Unit: "s", Queries: one(`roomrec:locked_seconds:increase1d`, "{{room}}")},
		},
		{
			{Title: Text{En: "Declared gaps in an hour, by cause", Zh: "每小时缺失段（按原因）"}, Kind: "timeseries", In: "cause", Words: gaps, Queries: one(`sum by (cause) (increase(roomrec_evidence_gaps_total[1h])) or label_replace(vector(0), "cause", "none", "", "")`, "{{cause}}")},
			{Title: Text{En: "Faults found at cameras in a day", Zh: "每日摄像机故障"}, Kind: "timeseries", In: "fault", Words: faultWords(), Queries: one(`(sum by (fault) (increase(roomrec_watch_findings_total[1d])) > 0) or label_replace(vector(0), "fault", "none", "", "")`, "{{fault}}")},
			{Title: Text{En: "Calls for a supervisor in a day", Zh: "每日呼叫领导次数"}, Kind: "timeseries", Queries: one(`increase(roomrec_session_supervisor_calls_total[1d])`, "{{instance}}")},
		},
		{
			{Title: Text{En: "Transcripts that differ", Zh: "不一致的笔录"}, Kind: "stat", Bad: "high", Queries: one(`roomrec_sessions_transcript{status="differs"}`, "")},
			{Title: Text{En: "No transcript for three days", Zh: "三日内未提交笔录"}, Kind: "stat", Bad: "high", Queries: one(`sum(roomrec_sessions_without_transcript{age=~"under 7d|over 7d"})`, "")},
			{Title: Text{En: "Unrecorded by approval", Zh: "经批准的未录制讯问"}, Kind: "stat", Queries: one(`sum(roomrec_session_unrecorded_approvals_total) or vector(0)`, "")},
			{Title: Text{En: "Sign-ins refused in a day", Zh: "每日被拒绝的登录"}, Kind: "stat", Queries: one(`sum(increase(roomrec_sign_in_failures_total[1d]))`, "")},
		},
		{
			{Title: Text{En: "Sealed sessions by their transcript", Zh: "按笔录状态"}, Kind: "timeseries", In: "status", Words: transcripts, Queries: one(`roomrec_sessions_transcript`, "{{status}}")},
			{Title: Text{En: "Without a transcript, by age", Zh: "无笔录（按封存后时间）"}, Kind: "timeseries", In: "age", Words: ages, Queries: one(`roomrec_sessions_without_transcript`, "{{age}}")},
			{Title: Text{En: "Compared in a day, by verdict", Zh: "每日比对的笔录（按结果）"}, Kind: "timeseries", In: "verdict", Words: transcripts, Queries: one(`sum by (verdict) (increase(roomrec_transcript_checks_total[1d]))`, "{{verdict}}")},
		},
	}}
}
