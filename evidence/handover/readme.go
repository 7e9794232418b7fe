package handover

import (
	_ "embed"
	"strings"
)

//go:embed README.txt
var readmeEnglish string

//go:embed README.zh-CN.txt
var readmeChinese string

// Readme returns the files that say in English and in Chinese how a package is checked. folder is where the
// session lies under recording/, seal the name of its seal's file.
func Readme(session, folder, seal string) []File {
	fill := strings.NewReplacer("{{session}}", session, "{{folder}}", folder, "{{seal}}", seal)
	return []File{
		{Name: "README.txt", Data: []byte(fill.Replace(readmeEnglish))},
		{Name: "README.zh-CN.txt", Data: []byte(fill.Replace(readmeChinese))},
	}
}
