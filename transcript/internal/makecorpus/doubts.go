package main

import "fmt"

// doubts are documents whose times cannot be read without guessing, or contradict themselves.
func (c *corpus) doubts() {
	s, e := at("2026-11-22 09:05:10"), at("2026-11-22 11:40:52")
	start, end := minute(s), minute(e)
	unread := "ambiguous_time"
	for i, d := range []struct {
		way   string
		lines []string
		start bool
		end   bool
		codes []string
	}{
		{"all blank", []string{"时间     年   月   日   时   分至     年   月   日   时   分"}, false, false, []string{unread, unread}},
		{"all blank, underscores", []string{"时间:____年__月__日__时__分至____年__月__日__时__分"}, false, false, []string{unread, unread}},
		{"end blank", []string{"时间 2026年11月22日09时05分至     年   月   日   时   分"}, true, false, []string{unread}},
		{"end without hour and minute", []string{"时间 2026年11月22日09时05分至2026年11月22日   时   分"}, true, false, []string{unread}},
		{"end without minute", []string{"时间 2026年11月22日09时05分至11时   分"}, true, false, []string{unread}},
		{"start without minute", []string{"时间 2026年11月22日09时   分至11时40分"}, false, true, []string{unread}},
		{"start with the hour alone", []string{"时间 2026年11月22日9时至11时40分"}, false, true, []string{unread}},
		{"nothing after 至", []string{"时间 2026年11月22日09时05分至"}, true, false, []string{unread}},
		{"no end", []string{"时间 2026年11月22日09时05分"}, true, false, []string{unread}},
		{"no times at all", []string{"案由 盗窃"}, false, false, []string{unread, unread}},
		{"no date", []string{"时间 09时05分至11时40分"}, false, false, []string{unread, unread}},
		{"no year", []string{"时间 11月22日09时05分至11时40分"}, false, false, []string{unread, unread}},
		{"marked as empty", []string{"时间 2026年XX月XX日XX时XX分至2026年11月22日11时40分"}, false, true, []string{unread}},
		{"31 November", []string{"时间 2026年11月31日09时05分至2026年11月22日11时40分"}, false, true, []string{unread}},
		{"29 February of no leap year", []string{"开始时间:2026年2月29日09时05分", "结束时间:2026年11月22日11时40分"}, false, true, []string{unread}},
		{"month 13", []string{"时间 2026年13月22日09时05分至2026年11月22日11时40分"}, false, true, []string{unread}},
		{"hour 25", []string{"时间 2026年11月22日09时05分至2026年11月22日25时40分"}, true, false, []string{unread}},
		{"minute 65", []string{"时间 2026年11月22日09时65分至2026年11月22日11时40分"}, false, true, []string{unread}},
		{"two starts", []string{"讯问开始时间:2026年11月22日09时05分", "时间 2026年11月22日09时15分至2026年11月22日11时40分"}, false, true, []string{unread}},
		{"two ends", []string{"时间 2026年11月22日09时05分至2026年11月22日11时40分", "讯问结束时间:2026年11月22日11时55分"}, true, false, []string{unread}},
		{"two labelled spans", []string{"时间 2026年11月22日09时05分至2026年11月22日11时40分", "讯问时间:2026年11月22日14时05分至2026年11月22日16时40分"}, false, false, []string{unread, unread}},
		{"about", []string{"时间 2026年11月22日09时05分许至11时40分"}, false, true, []string{unread}},
		{"about, before", []string{"时间 2026年11月22日约9时05分至11时40分"}, false, true, []string{unread}},
		{"morning 15", []string{"时间 2026年11月22日上午15时05分至2026年11月22日17时40分"}, false, true, []string{unread, "end_differs"}},
		{"wrong weekday", []string{"时间 2026年11月22日(星期三)09时05分至2026年11月22日11时40分"}, false, true, []string{unread}},
		{"part of the day that cannot go on", []string{"时间 2026年11月22日上午9时05分至3时40分"}, true, false, []string{unread}},
		{"start label left blank", []string{"开始时间:", "结束时间:2026年11月22日11时40分"}, false, true, []string{unread}},
	} {
		p := form(d.lines...)
		fs := formats(p)
		f := fs[i%len(fs)]
		x := expect(fmt.Sprintf("doubt-%02d%s", i+1, f.ext), d.way, s, e, nil, nil, d.codes...)
		if d.start {
			x.DocStart = start
		}
		if d.end {
			x.DocEnd = end
		}
		if d.way == "morning 15" {
			x.DocEnd = minute(at("2026-11-22 17:40:00"))
		}
		c.add(x, f.write(p))
	}
	for i, d := range []struct {
		way        string
		head, tail []string
		start, end bool
		codes      []string
	}{
		{"English, day or month", []string{"Start time: 03/04/2026 09:05", "End time: 03/04/2026 11:40"}, nil, false, false, []string{unread, unread}},
		{"English, hour alone", []string{"Interview commenced at 9 am on 22 November 2026"}, []string{"Interview concluded at 11:40 am on 22 November 2026"}, false, true, []string{unread}},
		{"English, no end", []string{"Interview commenced at 9:05 am on 22 November 2026"}, nil, true, false, []string{unread}},
		{"English, two ends", []string{"Time: 22 November 2026, 9:05 am to 11:40 am"}, []string{"Interview concluded at 11:52 am on 22 November 2026."}, true, false, []string{unread}},
		{"English, about", []string{"Interview commenced at about 9:05 am on 22 November 2026 and concluded at 11:40 am"}, nil, false, true, []string{unread}},
		{"English, 30 February", []string{"Start: 30 February 2026 09:05", "End: 22 November 2026 11:40"}, nil, false, true, []string{unread}},
	} {
		p := english(d.head, d.tail)
		fs := formats(p)
		f := fs[(i*3)%len(fs)]
		x := expect(fmt.Sprintf("doubt-en-%d%s", i+1, f.ext), d.way, s, e, nil, nil, d.codes...)
		if d.start {
			x.DocStart = start
		}
		if d.end {
			x.DocEnd = end
		}
		c.add(x, f.write(p))
	}
}
