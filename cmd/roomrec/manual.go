package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// manual is the language of a manual page: its fixed texts, and what becomes of the commands' own.
type manual struct {
	synopsis, commands, exit, files      string // headings
	use, exits, settings, guide, confine string
	text                                 func(string) string
}

var manualEnglish = manual{
	synopsis: "SYNOPSIS", commands: "COMMANDS", exit: "EXIT STATUS", files: "FILES",
	use:      "COMMAND [FLAGS]",
	exits:    `0 good; 1 the answer is "no"; 2 bad usage or unreadable input; 3 locked or failed while running.`,
	settings: "the settings", guide: "the guide (docs/operator/guide.md) and every setting",
	confine: "one of: ",
	text:    func(s string) string { return s },
}

var manualChinese = manual{
	synopsis: "概要", commands: "命令", exit: "退出码", files: "文件",
	use:      "命令 [参数]",
	exits:    "0 正常；1 答案为“否”；2 用法错误或者输入无法读取；3 运行中锁定或者失败。",
	settings: "配置", guide: "指南（docs/operator/guide.zh-CN.md）和全部配置项",
	confine: "可选值：",
	text:    inChinese,
}

// breakable lets a line end after punctuation of Chinese, which has no spaces.
var breakable = strings.NewReplacer("，", `，\:`, "；", `；\:`, "。", `。\:`, "：", `：\:`, "、", `、\:`)

// roff returns a text fit for a line of a manual page.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(strings.Join(strings.Fields(s), " "))
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return breakable.Replace(s)
}

// writeManual writes the manual page of the program.
func writeManual(w io.Writer, root *kong.Node, m manual) error {
	var b strings.Builder
	b.WriteString(".\\\" -*- coding: UTF-8 -*-\n.TH ROOMREC 1 \"\" \"roomrec\" \"roomrec\"\n.ad l\n.nh\n.SH NAME\nroomrec \\- " + m.text(root.Help) + "\n")
	fmt.Fprintf(&b, ".SH %s\n.B roomrec\n%s\n.SH %s\n", m.synopsis, m.use, m.commands)
	commands(root, func(n *kong.Node) {
		if n == root {
			return
		}
		fmt.Fprintf(&b, ".SS %s\n%s\n", roff(n.Summary()), roff(m.text(n.Help)))
		for _, a := range n.Positional {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(a.Summary()), roff(m.text(a.Help)))
		}
		for _, f := range n.Flags {
			if f.Name == "help" || f.Hidden {
				continue
			}
			name := "--" + f.Name
			if !f.IsBool() {
				// A default may be of the host on which the package is made.
				name += "=" + cmp.Or(f.PlaceHolder, strings.ToUpper(f.Name))
			}
			help := m.text(f.Help)
			if f.Enum != "" && !slices.ContainsFunc(strings.Split(f.Enum, ","), func(v string) bool { return strings.Contains(help, v) }) {
				help += " " + m.confine + strings.ReplaceAll(f.Enum, ",", ", ")
			}
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(name), roff(help))
		}
	})
	fmt.Fprintf(&b, ".SH %s\n%s\n.SH %s\n.TP\n.I /etc/roomrec/roomrec.yaml\n%s\n.TP\n.I /usr/share/doc/roomrec\n%s\n", m.exit, roff(m.exits), m.files, m.settings, roff(m.guide))
	_, err := io.WriteString(w, b.String())
	return err
}
