package monitor

import "roomrec/session"

// papers are the alerts about transcripts, settings and who signs in.
func papers() []Alert {
	doubt := map[string]string{"state": "doubt"}
	return []Alert{
		{
			Name: "RoomrecTranscriptDiffers", Expr: `roomrec_sessions_transcript{status="differs"} > 0`, For: "0s", Severity: session.Warning, Clause: "Z26-2",
			Title: Text{En: "{{ $value }} transcripts differ from their recording", Zh: "{{ $value }} 份笔录与录音录像不一致"},
			What:  Text{En: "The start or the end that a transcript states, or a break in it, is not what was recorded, and nobody has explained it.", Zh: "笔录载明的起止时间或者中止情况与录音录像不一致，且尚未说明。"},
			Do: []Text{
				{En: "Tell the unit that has the case: the list of sessions shows which ones under \"differs\".", Zh: "通知办案单位：列表中“不一致”的即是。"},
				{En: "A reviewer opens the session, reads what differs, and lets the officers hand in a corrected transcript or explains it there. The first version stays.", Zh: "由审核人员打开该次录制，查看不一致之处，由办案人员提交更正后的笔录，或者在页面上说明。首次提交的版本保留。"},
			},
			Fires: []string{`roomrec_sessions_transcript{status="differs"} 1x40`}, Quiet: []string{`roomrec_sessions_transcript{status="differs"} 0x40`, `roomrec_sessions_transcript{status="explained"} 3x40`},
			Labels: map[string]string{"status": "differs"},
		},
		{
			Name: "RoomrecTranscriptUnreadable", Expr: `roomrec_sessions_transcript{status="unreadable"} > 0`, For: "0s", Severity: session.Notice, Clause: "Z26-2",
			Title: Text{En: "{{ $value }} transcripts could not be read", Zh: "{{ $value }} 份笔录无法识别"},
			What:  Text{En: "In a transcript that was handed in no start and end were found, so that nothing could be compared.", Zh: "已提交的笔录中未找到起止时间，无法比对。"},
			Do: []Text{
				{En: "A reviewer opens the session, enters start and end as the paper states them, or lets the officers hand in the document as it was typed.", Zh: "由审核人员打开该次录制，按笔录填写起止时间，或者由办案人员提交原始电子文档。"},
			},
			Fires: []string{`roomrec_sessions_transcript{status="unreadable"} 1x40`}, Quiet: []string{`roomrec_sessions_transcript{status="unreadable"} 0x40`},
			Labels: map[string]string{"status": "unreadable"},
		},
		{
			Name: "RoomrecTranscriptOverdue", Expr: `sum(roomrec_sessions_without_transcript{age=~"under 7d|over 7d"}) > 0`, For: "15m", Severity: session.Warning, Clause: "Z26-2",
			Title: Text{En: "{{ $value }} sessions have had no transcript for three days", Zh: "{{ $value }} 次录制三日内未提交笔录"},
			What:  Text{En: "Sessions were sealed more than three days ago, and no transcript was handed in that they could be compared with.", Zh: "封存已超过三日，仍未提交笔录，无法比对。"},
			Do: []Text{
				{En: "Look in the list of sessions under \"no transcript\", and ask the unit that has the case to hand it in.", Zh: "在列表中查看“无笔录”的录制，要求办案单位提交。"},
				{En: "If transcripts come by a watch folder, see that it can be read and that none waits there in doubt.", Zh: "通过监视文件夹提交的，确认该文件夹可读，且没有待确认的文件。"},
			},
			Fires: []string{`roomrec_sessions_without_transcript{age="over 7d"} 1x40`}, Quiet: []string{`roomrec_sessions_without_transcript{age="over 7d"} 0x40`, `roomrec_sessions_without_transcript{age="under 3d"} 4x40`},
		},
		{
			Name: "RoomrecTranscriptInDoubt", Expr: `roomrec_transcript_folder_files{state="doubt"} > 0`, For: "15m", Severity: session.Warning, Clause: "Z26-2",
			Title: Text{En: "{{ $value }} transcripts in the watch folder wait for a person", Zh: "监视文件夹中有 {{ $value }} 份笔录待人工确认"},
			What:  Text{En: "For a document in the watch folder it is not certain to which session it belongs, or it could not be read. It is filed nowhere until a person says so.", Zh: "监视文件夹中的文件无法确定属于哪次录制，或者无法读取。人工确认之前不予归入。"},
			Do: []Text{
				{En: "Open the page of transcripts: it shows each file, why it is in doubt, and the sessions that it may belong to. Name the session there.", Zh: "打开笔录页面：页面列出每个文件、存疑原因和可能对应的录制。在该页面指定对应的录制。"},
				{En: "Leave the file in the folder as it is; it is an original.", Zh: "文件夹中的文件保持原样：该文件为原件。"},
			},
			Fires: []string{`roomrec_transcript_folder_files{state="doubt"} 1x40`}, Quiet: []string{`roomrec_transcript_folder_files{state="doubt"} 0x40`, `roomrec_transcript_folder_files{state="waiting"} 2x40`},
			Labels: doubt,
		},
		{
			Name: "RoomrecTranscriptFolderAway", Expr: `roomrec_transcript_folder_up == 0`, For: "5m", Severity: session.Warning, Clause: "Z26-2",
			Title: Text{En: "The watch folder for transcripts cannot be read", Zh: "笔录监视文件夹无法读取"},
			What:  Text{En: "What officers put into the watch folder is not seen. Recording does not depend on it.", Zh: "放入监视文件夹的笔录无法读取。录制不依赖该文件夹。"},
			Do: []Text{
				{En: "See that the folder of `transcripts.watch_folder` is mounted, and that the user `roomrec` may read it.", Zh: "确认 `transcripts.watch_folder` 所指文件夹已挂载，且用户 `roomrec` 有读取权限。"},
				{En: "Until it is, transcripts can be handed in on the session's page.", Zh: "恢复之前，可在该次录制的页面上提交笔录。"},
			},
			Fires: []string{`roomrec_transcript_folder_up 0x40`}, Quiet: []string{`roomrec_transcript_folder_up 1x40`},
		},
		{
			Name: "RoomrecSignInsRefused", Expr: `sum(increase(roomrec_sign_in_failures_total[10m])) > 20`, For: "0s", Severity: session.Warning, Clause: "C54",
			Title: Text{En: "Many sign-ins are refused", Zh: "登录多次被拒绝"},
			What:  Text{En: "More than twenty sign-ins were refused within ten minutes: someone tries passwords, or a program has a token that is no longer good.", Zh: "十分钟内登录被拒绝超过二十次：有人在尝试口令，或者有程序使用已失效的令牌。"},
			Do: []Text{
				{En: "`journalctl -u roomrec | grep 'sign-in refused'` says from which address. Find the machine.", Zh: "`journalctl -u roomrec | grep 'sign-in refused'` 显示来源地址。找到该设备。"},
				{En: "If it is a program, give it a new token and withdraw the old one. If it is a person whom nobody knows, take the machine off the network and report it.", Zh: "属于程序的，更换令牌并撤销旧令牌。身份不明的，断开该设备网络并报告。"},
			},
			Fires: []string{`roomrec_sign_in_failures_total{means="password",cause="wrong"} 0+5x40`}, Quiet: []string{`roomrec_sign_in_failures_total{means="password",cause="wrong"} 0+1x40`},
		},
		{
			Name: "RoomrecSettingsRefused", Expr: `roomrec_settings_good == 0`, For: "0s", Severity: session.Warning,
			Title: Text{En: "New settings were refused", Zh: "新配置未被采用"},
			What:  Text{En: "The settings that the controller was told to read are not good. It goes on with those that it had.", Zh: "控制器读取的新配置有误，仍按原配置运行。"},
			Do: []Text{
				{En: "`roomrec config check` says what is wrong and in which line; so does `journalctl -u roomrec | grep settings`.", Zh: "执行 `roomrec config check` 查看错误及所在行；也可查看 `journalctl -u roomrec | grep settings`。"},
				{En: "Mend the file, then `systemctl reload roomrec`.", Zh: "修改文件后执行 `systemctl reload roomrec`。"},
			},
			Fires: []string{`roomrec_settings_good 0x40`}, Quiet: []string{`roomrec_settings_good 1x40`},
		},
		{
			Name: "RoomrecLooksBeside", Expr: `increase(roomrec_looks_beside_total[1h]) > 0`, For: "0s", Severity: session.Warning, Clause: "Z34",
			Title: Text{En: "Who looked at a sealed session could not be written to it", Zh: "查阅记录未能写入已封存的录制"},
			What:  Text{En: "Someone looked at a sealed session whose folder takes no more lines. What they did is kept in the state folder in its place.", Zh: "有人查阅了已封存的录制，但其文件夹无法追加记录。查阅记录暂存于状态目录。"},
			Do: []Text{
				{En: "Bring the session's disks back, writable. Keep the state folder in the backup: `roomrec backup create`.", Zh: "恢复该次录制所在磁盘并使其可写。用 `roomrec backup create` 备份状态目录。"},
			},
			Fires: []string{`roomrec_looks_beside_total 0x15 3x20`}, Quiet: []string{`roomrec_looks_beside_total 3x40`},
		},
	}
}
