package transcript

// Severity says what a finding does to the verdict.
type Severity string

// The severities. An error contradicts the session and makes the verdict "differs"; a warning says
// what the text lacks.
const (
	SeverityError       Severity = "error"
	SeverityWarning     Severity = "warning"
	SeverityInformation Severity = "information"
)

// FindingCode is a stable name of a kind of finding.
type FindingCode string

// The codes.
const (
	StartDiffers          FindingCode = "start_differs"
	EndDiffers            FindingCode = "end_differs"
	EndBeforeStart        FindingCode = "end_before_start"
	NotCovered            FindingCode = "not_covered"
	InterruptionMissing   FindingCode = "interruption_missing"
	InterruptionDiffers   FindingCode = "interruption_differs"
	StatementMissing      FindingCode = "statement_missing"
	PersonDiffers         FindingCode = "person_differs"
	OneInterrogator       FindingCode = "one_interrogator"
	RightsMissing         FindingCode = "rights_missing"
	LeniencyMissing       FindingCode = "leniency_missing"
	CounselMissing        FindingCode = "counsel_missing"
	ClosingMissing        FindingCode = "closing_missing"
	ReadAloudMissing      FindingCode = "read_aloud_missing"
	KindDiffers           FindingCode = "kind_differs"
	OrdinalDiffers        FindingCode = "ordinal_differs"
	PlaceDiffers          FindingCode = "place_differs"
	OfficerNotOnRoster    FindingCode = "officer_not_on_roster"
	InterpreterDiffers    FindingCode = "interpreter_differs"
	GuardianMissing       FindingCode = "guardian_missing"
	EvidenceMarkerMissing FindingCode = "evidence_marker_missing"
	TooFast               FindingCode = "too_fast"
	Copied                FindingCode = "copied"
	AmbiguousTime         FindingCode = "ambiguous_time"
	MinuteEdge            FindingCode = "minute_edge"
	DocumentUnreadable    FindingCode = "document_unreadable"
	OfficerOverlap        FindingCode = "officer_overlap"
	SuspectOverlap        FindingCode = "suspect_overlap"
	NumberRepeated        FindingCode = "number_repeated"
)

// Rule is what is fixed about a kind of finding.
type Rule struct {
	Severity Severity
	// Clause is the row of docs/requirements.md behind it.
	Clause string
	// Do is what a person does about it.
	Do Text
	// Needs are the facts without which it is not checked.
	Needs []string
}

var (
	correct = Text{
		EN: "Correct the transcript and have the person sign the correction, or have a named person explain the difference over a signature. The recording and its times stay as they are.",
		ZH: "更正笔录并由本人在更正处签字捺指印，或由具名人员书面说明差异并签名。录音录像及其时间不得改动。",
	}
	add = Text{
		EN: "If it was said, the recording shows it: note in the file where. If not, say so to the supervisor.",
		ZH: "如已口头告知，请在卷内注明录音录像中的相应时间；如未告知，请向负责人报告。",
	}
	look = Text{
		EN: "Look at the places named and clear up which is right before the transcript is signed or handed on.",
		ZH: "请核对所列各处，在签字或移送前查明以何者为准。",
	}
)

// Rules is the catalogue of findings.
var Rules = map[FindingCode]Rule{
	StartDiffers:        {SeverityError, "Z26-2", correct, nil},
	EndDiffers:          {SeverityError, "Z26-2", correct, nil},
	EndBeforeStart:      {SeverityError, "Z26-2", correct, nil},
	AmbiguousTime:       {SeverityError, "Z26-2", look, nil},
	DocumentUnreadable:  {SeverityError, "Z26-2", Text{EN: "Hand in a document that can be read, or key its times by hand: one person enters them, another confirms.", ZH: "请提交可读取的文件，或人工录入起止时间（一人录入、另一人核对）。"}, nil},
	MinuteEdge:          {SeverityInformation, "Z26-2", Text{EN: "Nothing: the clock cannot tell the two minutes apart.", ZH: "无需处理：时钟误差范围内无法区分前后两分钟。"}, nil},
	NotCovered:          {SeverityError, "Z24", correct, []string{"recorded"}},
	InterruptionMissing: {SeverityError, "Z30", correct, []string{"interruptions"}},
	InterruptionDiffers: {SeverityError, "Z30", correct, []string{"interruptions"}},
	StatementMissing:    {SeverityError, "Z29-2", correct, []string{"unrecorded"}},
	PersonDiffers:       {SeverityError, "Z26-2", correct, []string{"roster"}},
	OneInterrogator:     {SeverityError, "C-2", correct, []string{"roster"}},
	OfficerNotOnRoster:  {SeverityError, "C-2", correct, []string{"roster"}},
	InterpreterDiffers:  {SeverityError, "Z25-2", correct, []string{"roster"}},
	GuardianMissing:     {SeverityError, "Z25-2", correct, []string{"roster"}},
	KindDiffers:         {SeverityError, "Z31", correct, []string{"kind"}},
	OrdinalDiffers:      {SeverityError, "Z26-2", correct, []string{"ordinal"}},
	PlaceDiffers:        {SeverityError, "Z27", correct, []string{"place"}},

	RightsMissing:         {SeverityWarning, "S120", add, nil},
	LeniencyMissing:       {SeverityWarning, "S120", add, nil},
	CounselMissing:        {SeverityWarning, "C34", add, nil},
	ClosingMissing:        {SeverityWarning, "S122", add, nil},
	ReadAloudMissing:      {SeverityWarning, "S122", add, []string{"roster"}},
	EvidenceMarkerMissing: {SeverityWarning, "Z25", look, []string{"markers"}},
	TooFast:               {SeverityWarning, "Z27", look, nil},
	Copied:                {SeverityWarning, "Z27", look, []string{"earlier"}},

	OfficerOverlap: {SeverityError, "C-2", look, []string{"sessions"}},
	SuspectOverlap: {SeverityError, "C-2", look, []string{"sessions"}},
	NumberRepeated: {SeverityError, "Z26-2", look, []string{"sessions"}},
}
