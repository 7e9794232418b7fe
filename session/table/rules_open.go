package table

import "slices"

// Sentences that several rows share.
const (
	noSessionEn = "No session is open in this room. Open one first."
	noSessionZh = "本室尚未开启讯问或询问，请先开启。"
	sealedEn    = "The session is sealed. Nothing can be changed in it."
	sealedZh    = "本次录音录像已封存，不能再作任何改动。"
	startingEn  = "Wait: recording is just starting. This takes ten seconds at most."
	startingZh  = "请稍候：录音录像正在启动，最多十秒。"
	closingEn   = "Questioning has ended. Recording is closing and will be sealed."
	closingZh   = "讯问或询问已结束，录音录像即将停止并封存。"
	resumingEn  = "First read the explanation aloud and have it confirmed."
	resumingZh  = "请先当场宣读中断说明，并予以确认。"
	lockedEn    = "The session is locked. Have the fault repaired, then press Resume."
	lockedZh    = "已锁定。请先排除故障，再按“恢复”。"
)

// opening: from nothing to a recording, and the Start of questioning within it.
var opening = slices.Concat(
	rule(Opened, in(None), Always, Starting, "Z24", Journal, Show, Record, ArmStarting),
	refuse(Opened, but(None), Always, "Z24",
		"A session is open in this room already.", "本室已有一次讯问或询问正在进行。"),

	refuse(AllSafe, in(None), Always, "Z24", noSessionEn, noSessionZh),
	rule(AllSafe, in(Starting), Always, Standby, "Z24", Journal, Show),
	overtaken(AllSafe, in(Standby, Questioning, Resuming, Sealed), Always),
	// Recording first, then talking (Z30): what is not safe again does not lead out of Locked.
	overtaken(AllSafe, in(Locked, Unrecorded, Closing), FaultsOpen),
	overtaken(AllSafe, in(Locked, Unrecorded, Closing), SafeAlready),
	overtaken(AllSafe, in(Closing), HasStopped),
	rule(AllSafe, in(Locked, Closing), Always, stay, "Z30", Journal, Show),
	rule(AllSafe, in(Unrecorded), Always, stay, "Z30", Journal, Show, ArmOverdue),

	refuse(StartElapsed, in(None), Always, "Z24", noSessionEn, noSessionZh),
	rule(StartElapsed, in(Starting), Always, Locked, "Z29-1", Show, Journal, ArmCall),
	overtaken(StartElapsed, but(None, Starting), Always),

	refuse(Start, in(None), Always, "Z24", noSessionEn, noSessionZh),
	refuse(Start, in(Starting), Always, "Z24", startingEn, startingZh),
	rule(Start, in(Standby), Always, Questioning, "Z24", Journal, Show),
	refuse(Start, in(Questioning), Always, "Z24",
		"Questioning has begun already.", "讯问或询问已经开始。"),
	refuse(Start, in(Locked), Always, "Z29-1", lockedEn, lockedZh),
	refuse(Start, in(Resuming), Always, "Z30", resumingEn, resumingZh),
	refuse(Start, in(Unrecorded), Always, "Z29-2",
		"Questioning goes on unrecorded. It ends with End, or with Resume when the fault is repaired.",
		"正在进行未录制讯问。故障排除后请按“恢复”，或者按“结束”。"),
	refuse(Start, in(Closing), Always, "Z24",
		"Questioning has ended. To go on, open a new session; it is listed as reopened.",
		"讯问或询问已结束。如需继续，请重新开启，系统将列明为再次开启。"),
	refuse(Start, in(Sealed), Always, "Z24", sealedEn, sealedZh),
)

// running are the states in which a session is neither before nor after its time.
var running = in(Starting, Standby, Questioning, Locked, Resuming, Unrecorded)

// questioning: its End, in the ways that there are.
var questioning = slices.Concat(
	refuse(End, in(None), Always, "Z24", noSessionEn, noSessionZh),
	refuse(End, in(Closing), Always, "Z24", closingEn, closingZh),
	refuse(End, in(Sealed), Always, "Z24", sealedEn, sealedZh),
	refuse(End, running, Unfinished, "Z25",
		"Only a technical recording just finishes. Say: signed, refused to sign, or broken off.",
		"只有技术录制才能直接结束。请说明：已签字捺指印、拒绝签名，或者中途终止。"),
	rule(End, running, AsFinished, Closing, "Z25", Journal, ArmClosing, Show),
	refuse(End, in(Starting), Always, "Z24", startingEn, startingZh),
	refuse(End, in(Standby, Questioning, Locked, Resuming, Unrecorded), NoEnding, "Z25",
		"Say how it ends: signed, refused to sign, or broken off.",
		"请说明如何结束：已签字捺指印、拒绝签名，或者中途终止。"),
	rule(End, in(Standby, Questioning, Locked, Resuming, Unrecorded), AsBrokenOff, Closing, "Z25", Journal, ArmClosing, Show),
	refuse(End, in(Standby), Always, "Z25",
		"Questioning has not begun, so nothing can be signed. Press Start, or break off with a reason.",
		"讯问或询问尚未开始，无从签字。请按“开始”，或者写明理由后终止。"),
	rule(End, in(Questioning, Unrecorded), Always, Closing, "Z25", Journal, ArmClosing, Show),
	refuse(End, in(Locked), Always, "Z29-1",
		"While it is locked the session can only be broken off. To sign, have the fault repaired and resume first.",
		"锁定时只能中途终止。如需签字捺指印，请先排除故障并恢复。"),
	refuse(End, in(Resuming), Always, "Z30",
		"First read the explanation aloud and confirm it; then the transcript can be signed. Or break off.",
		"请先当场宣读中断说明并确认，再签字捺指印；或者中途终止。"),
)
