package table

import "slices"

// trouble: a recording that is not whole locks, at once, and whatever still works goes on recording.
var trouble = slices.Concat(
	refuse(FaultRaised, in(None), Always, "Z29-1", noSessionEn, noSessionZh),
	rule(FaultRaised, in(Starting, Standby, Questioning, Resuming), Always, Locked, "Z29-1", Show, Journal, ArmCall),
	overtaken(FaultRaised, in(Locked, Unrecorded, Closing), Known),
	overtaken(FaultRaised, in(Closing), HasStopped),
	rule(FaultRaised, in(Locked, Unrecorded, Closing), Always, stay, "Z29-1", Show, Journal),
	overtaken(FaultRaised, in(Sealed), Always),

	refuse(FaultCleared, in(None), Always, "Z29-1", noSessionEn, noSessionZh),
	overtaken(FaultCleared, in(Starting, Standby, Questioning, Resuming, Sealed), Always),
	overtaken(FaultCleared, in(Locked, Unrecorded, Closing), NotKnown),
	overtaken(FaultCleared, in(Closing), HasStopped),
	rule(FaultCleared, in(Locked, Unrecorded, Closing), Always, stay, "Z30", Journal, Show),

	refuse(LockedLong, in(None), Always, "Z29-1", noSessionEn, noSessionZh),
	rule(LockedLong, in(Locked), Always, stay, "Z29-1", Journal, Call, Show),
	overtaken(LockedLong, but(None, Locked), Always),

	refuse(MoveRoom, in(None), Always, "Z29-1", noSessionEn, noSessionZh),
	refuse(MoveRoom, in(Locked), NoRoom, "Z29-1",
		"Name the other room, or the mobile equipment.", "请选择另一办案区房间或者移动设备。"),
	rule(MoveRoom, in(Locked), Always, stay, "Z29-1", Journal, Show, Record),
	refuse(MoveRoom, in(Starting, Standby, Questioning, Resuming, Unrecorded), Always, "Z29-1",
		"A session moves to another room only while it is locked.", "只有在锁定状态下才能更换房间。"),
	refuse(MoveRoom, in(Closing), Always, "Z29-1", closingEn, closingZh),
	refuse(MoveRoom, in(Sealed), Always, "Z29-1", sealedEn, sealedZh),
)

// wayBack: out of Locked by the law's own procedure.
var wayBack = slices.Concat(
	refuse(Resume, in(None), Always, "Z30", noSessionEn, noSessionZh),
	refuse(Resume, in(Starting), Always, "Z30", startingEn, startingZh),
	refuse(Resume, in(Standby, Questioning), Always, "Z30",
		"Nothing is interrupted. Recording is running.", "没有中断，录音录像正在进行。"),
	refuse(Resume, in(Locked, Unrecorded), FaultsOpen, "Z30",
		"The fault is still there. Resume is possible when it is repaired.", "故障尚未排除，排除后方可恢复。"),
	refuse(Resume, in(Locked, Unrecorded), NotSafe, "Z30",
		"Wait a moment: the recording must be safe on disk again before you go on.",
		"请稍候：录音录像重新安全存储后方可恢复。"),
	rule(Resume, in(Locked, Unrecorded), Always, Resuming, "Z30", Journal, Show, Script),
	refuse(Resume, in(Resuming), Always, "Z30", resumingEn, resumingZh),
	refuse(Resume, in(Closing), Always, "Z30", closingEn, closingZh),
	refuse(Resume, in(Sealed), Always, "Z30", sealedEn, sealedZh),

	refuse(Explained, in(None), Always, "Z30", noSessionEn, noSessionZh),
	rule(Explained, in(Resuming), Begun, Questioning, "Z30", Journal, Show),
	rule(Explained, in(Resuming), Always, Standby, "Z30", Journal, Show),
	refuse(Explained, in(Locked, Unrecorded), Always, "Z30",
		"Press Resume first. The explanation is read aloud while it is being recorded.",
		"请先按“恢复”。中断说明须在录音录像中当场宣读。"),
	refuse(Explained, in(Starting, Standby, Questioning, Closing), Always, "Z30",
		"There is no interruption to explain.", "没有需要说明的中断。"),
	refuse(Explained, in(Sealed), Always, "Z30", sealedEn, sealedZh),

	refuse(ApproveUnrecorded, in(None), Always, "Z29-2", noSessionEn, noSessionZh),
	refuse(ApproveUnrecorded, in(Locked), Mandatory, "Z29-2",
		"Unrecorded is not possible: this case must be recorded. Have the fault repaired, change room, or break off.",
		"不能转为未录制讯问：本案必须同步录音录像。请排除故障、更换房间或者中途终止。"),
	refuse(ApproveUnrecorded, in(Locked), Recovered, "Z29-2",
		"Recording works again. Press Resume.", "录音录像已可恢复，请按“恢复”。"),
	rule(ApproveUnrecorded, in(Locked), Always, Unrecorded, "Z29-2", Journal, Show),
	refuse(ApproveUnrecorded, in(Unrecorded), Always, "Z29-2",
		"This is approved already.", "未录制讯问已经批准。"),
	refuse(ApproveUnrecorded, in(Starting, Standby, Questioning, Resuming, Closing), Always, "Z29-2",
		"Unrecorded exists only while the session is locked.", "只有在锁定状态下才能申请未录制讯问。"),
	refuse(ApproveUnrecorded, in(Sealed), Always, "Z29-2", sealedEn, sealedZh),

	refuse(RefuseUnrecorded, in(None), Always, "Z29-2", noSessionEn, noSessionZh),
	refuse(RefuseUnrecorded, in(Locked), Mandatory, "Z29-2",
		"There is nothing to refuse: this case must be recorded, and nobody can let it go on unrecorded.",
		"本案必须同步录音录像，任何人不得批准转为未录制讯问，无需另作决定。"),
	refuse(RefuseUnrecorded, in(Locked), Recovered, "Z29-2",
		"There is nothing to refuse: recording works again.", "录音录像已可恢复，无需另作决定。"),
	rule(RefuseUnrecorded, in(Locked), Always, stay, "Z29-2", Journal, Show),
	refuse(RefuseUnrecorded, in(Unrecorded), Always, "Z29-2",
		"This is approved already. It ends when questioning is resumed or broken off.",
		"未录制讯问已经批准，恢复或者中途终止时结束。"),
	refuse(RefuseUnrecorded, in(Starting, Standby, Questioning, Resuming, Closing), Always, "Z29-2",
		"Unrecorded exists only while the session is locked.", "只有在锁定状态下才能决定未录制讯问。"),
	refuse(RefuseUnrecorded, in(Sealed), Always, "Z29-2", sealedEn, sealedZh),

	refuse(UnrecordedOverdue, in(None), Always, "Z29-2", noSessionEn, noSessionZh),
	overtaken(UnrecordedOverdue, in(Unrecorded), FaultsOpen),
	overtaken(UnrecordedOverdue, in(Unrecorded), NotSafe),
	overtaken(UnrecordedOverdue, in(Unrecorded), OverdueAlready),
	rule(UnrecordedOverdue, in(Unrecorded), Always, stay, "Z29-2", Journal, Call, Show),
	overtaken(UnrecordedOverdue, but(None, Unrecorded), Always),
)
