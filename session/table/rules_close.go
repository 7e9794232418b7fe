package table

import "slices"

// asides: what people and detectors add to the record without changing the state.
var asides = slices.Concat(
	refuse(Marked, in(None), Always, "Z25", noSessionEn, noSessionZh),
	refuse(Marked, in(Starting), Always, "Z25", startingEn, startingZh),
	rule(Marked, in(Standby, Questioning, Locked, Resuming, Unrecorded), Always, stay, "Z25", Journal, Show),
	refuse(Marked, in(Closing), HasStopped, "Z25", closingEn, closingZh),
	rule(Marked, in(Closing), Always, stay, "Z25", Journal, Show),
	refuse(Marked, in(Sealed), Always, "Z25", sealedEn, sealedZh),

	refuse(RosterChanged, in(None), Always, "Z25-2", noSessionEn, noSessionZh),
	refuse(RosterChanged, in(Closing), HasStopped, "Z25-2", closingEn, closingZh),
	rule(RosterChanged, but(None, Sealed), Always, stay, "Z25-2", Journal, Show),
	refuse(RosterChanged, in(Sealed), Always, "Z25-2", sealedEn, sealedZh),

	refuse(Classified, in(None), Always, "S1", noSessionEn, noSessionZh),
	// What turns out to be mandatory may not go on unrecorded.
	rule(Classified, in(Unrecorded), NowMandatory, Locked, "S1", Show, Journal, ArmCall),
	refuse(Classified, in(Closing), HasStopped, "S1", closingEn, closingZh),
	rule(Classified, but(None, Sealed), Always, stay, "S1", Journal, Show),
	refuse(Classified, in(Sealed), Always, "S1", sealedEn, sealedZh),

	refuse(AlarmRaised, in(None), Always, "Z26", noSessionEn, noSessionZh),
	overtaken(AlarmRaised, in(Closing), HasStopped),
	rule(AlarmRaised, but(None, Sealed), Always, stay, "Z26", Journal, Show),
	overtaken(AlarmRaised, in(Sealed), Always),
	refuse(AlarmCleared, in(None), Always, "Z26", noSessionEn, noSessionZh),
	overtaken(AlarmCleared, in(Closing), HasStopped),
	rule(AlarmCleared, but(None, Sealed), Always, stay, "Z26", Journal, Show),
	overtaken(AlarmCleared, in(Sealed), Always),
)

// closing: recording goes on past the End, then stops, then is sealed.
var closing = slices.Concat(
	refuse(ClosingElapsed, but(Closing), Always, "Z24",
		"Recording stops only after End.", "按“结束”之后录音录像才会停止。"),
	overtaken(ClosingElapsed, in(Closing), HasStopped),
	rule(ClosingElapsed, in(Closing), Always, stay, "Z24", Journal, StopRecording, Show, Seal),

	rule(SealDone, in(Closing), HasStopped, Sealed, "Z33", Show),
	refuse(SealDone, but(Sealed), Always, "Z33",
		"Only a recording that has ended can be sealed.", "录音录像结束后才能封存。"),
	overtaken(SealDone, in(Sealed), Always),
	rule(SealFailed, in(Closing), HasStopped, stay, "Z33", Show, SealAgain),
	refuse(SealFailed, but(Sealed), Always, "Z33",
		"Only a recording that has ended can be sealed.", "录音录像结束后才能封存。"),
	overtaken(SealFailed, in(Sealed), Always),

	rule(Dismissed, in(Sealed), Always, stay, "Z33", FreeRoom),
	refuse(Dismissed, in(None), Always, "Z33", noSessionEn, noSessionZh),
	refuse(Dismissed, but(None, Sealed), Always, "Z24",
		"The session is not sealed yet. Its page stays until then.", "尚未封存，此页面须保留至封存完成。"),
)

// machine: the controller itself goes and comes. Neither ends a session.
var machine = slices.Concat(
	refuse(Stopping, in(None), Always, "Z24", noSessionEn, noSessionZh),
	rule(Stopping, in(Closing), HasStopped, stay, "Z24", Close),
	rule(Stopping, but(None, Sealed), Always, stay, "Z24", Journal, Close),
	overtaken(Stopping, in(Sealed), Always),

	refuse(Restarted, in(None), Always, "Z29-1", noSessionEn, noSessionZh),
	rule(Restarted, in(Starting, Standby, Questioning, Locked, Resuming, Unrecorded), Always, Locked, "Z29-1",
		Show, Journal, Record, ArmCall),
	rule(Restarted, in(Closing), HasStopped, stay, "Z29-1", Journal, Show, Seal),
	rule(Restarted, in(Closing), Always, stay, "Z29-1", Journal, Record, ArmClosing, Show),
	overtaken(Restarted, in(Sealed), Always),
)
