package onviftest

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Serial and MAC are the simulated device's.
const (
	Serial = "DS-2CD2143-20240117AAWR"
	MAC    = "44:19:b6:00:00:07"
)

var server = regexp.MustCompile(`<\w+:(?:DNSname|IPv4Address)>([^<]+)<`)

var numbers = regexp.MustCompile(`<\w+:(Hour|Minute|Second|Year|Month|Day)>(\d+)<`)

// answer carries out an operation. The caller holds the mutex.
func (d *Device) answer(operation, inner string) (string, bool) {
	switch operation {
	case "GetSystemDateAndTime":
		return d.dateAndTime(), true
	case "SetSystemDateAndTime":
		d.Summer = strings.Contains(inner, "DaylightSavings>true<")
		if strings.Contains(inner, "DateTimeType>NTP<") {
			d.hand, d.Offset = false, 0
			return `<d:SetSystemDateAndTimeResponse/>`, true
		}
		v := make(map[string]int)
		for _, m := range numbers.FindAllStringSubmatch(inner, -1) {
			v[m[1]], _ = strconv.Atoi(m[2]) // digits
		}
		if len(v) != 6 {
			return "", false
		}
		to := time.Date(v["Year"], time.Month(v["Month"]), v["Day"], v["Hour"], v["Minute"], v["Second"], 0, time.UTC)
		d.hand = true
		d.Offset = to.Sub(d.Clock.Now().Wall.Time())
		return `<d:SetSystemDateAndTimeResponse/>`, true
	case "GetDeviceInformation":
		return `<d:GetDeviceInformationResponse><d:Manufacturer>HIKVISION</d:Manufacturer><d:Model>DS-2CD2143</d:Model><d:FirmwareVersion>V5.7.3</d:FirmwareVersion><d:SerialNumber>` + Serial + `</d:SerialNumber><d:HardwareId>88</d:HardwareId></d:GetDeviceInformationResponse>`, true
	case "GetNetworkInterfaces":
		if d.Sloppy {
			return "", false
		}
		return `<d:GetNetworkInterfacesResponse><d:NetworkInterfaces token="lo"><t:Enabled>false</t:Enabled><t:Info><t:HwAddress>00:00:00:00:00:01</t:HwAddress></t:Info></d:NetworkInterfaces><d:NetworkInterfaces token="eth0"><t:Enabled>true</t:Enabled><t:Info><t:Name>eth0</t:Name><t:HwAddress>` + strings.ToUpper(MAC) + `</t:HwAddress></t:Info></d:NetworkInterfaces></d:GetNetworkInterfacesResponse>`, true
	case "SetNTP":
		m := server.FindStringSubmatch(inner)
		if m == nil {
			return "", false
		}
		d.ntp = []string{m[1]}
		return `<d:SetNTPResponse/>`, true
	case "GetNTP":
		if d.ntp != nil {
			return `<d:GetNTPResponse><d:NTPInformation><t:FromDHCP>false</t:FromDHCP><t:NTPManual><t:Type>DNS</t:Type><t:DNSname>` + d.ntp[0] + `</t:DNSname></t:NTPManual></d:NTPInformation></d:GetNTPResponse>`, true
		}
		return `<d:GetNTPResponse><d:NTPInformation><t:FromDHCP>false</t:FromDHCP><t:NTPManual><t:Type>IPv4</t:Type><t:IPv4Address>192.0.2.1</t:IPv4Address></t:NTPManual></d:NTPInformation></d:GetNTPResponse>`, true
	case "GetCapabilities":
		host := "http://10.0.0.64"
		if d.Sloppy {
			host = "http://0.0.0.0:8899"
		}
		return `<d:GetCapabilitiesResponse><d:Capabilities><t:Media><t:XAddr>` + host + `/onvif/media_service</t:XAddr></t:Media></d:Capabilities></d:GetCapabilitiesResponse>`, true
	case "GetProfiles":
		one := `<m:Profiles token="%s" fixed="true"><t:Name>%s</t:Name><t:VideoSourceConfiguration token="V"><t:SourceToken>VideoSource_1</t:SourceToken></t:VideoSourceConfiguration><t:AudioEncoderConfiguration token="A"><t:Encoding>G711</t:Encoding></t:AudioEncoderConfiguration><t:VideoEncoderConfiguration token="E"><t:Encoding>H264</t:Encoding><t:Resolution><t:Width>%d</t:Width><t:Height>%d</t:Height></t:Resolution><t:H264><t:GovLength>50</t:GovLength></t:H264></t:VideoEncoderConfiguration></m:Profiles>`
		return `<m:GetProfilesResponse>` + fmt.Sprintf(one, "Profile_1", "mainStream", 1920, 1080) + fmt.Sprintf(one, "Profile_2", "subStream", 640, 360) + `</m:GetProfilesResponse>`, true
	case "GetStreamUri":
		n := 101
		if strings.Contains(inner, ">Profile_2<") {
			n = 102
		}
		address := fmt.Sprintf("rtsp://10.0.0.64:%d/Streaming/Channels/%d?transportmode=unicast&amp;profile=Profile_%d", cmp.Or(d.Port, 8554), n, n-100)
		if d.Sloppy {
			address = "\n  " + strings.Replace(address, fmt.Sprintf("10.0.0.64:%d", cmp.Or(d.Port, 8554)), "admin:secret@0.0.0.0", 1) + "  "
		}
		return `<m:GetStreamUriResponse><m:MediaUri><t:Uri>` + address + `</t:Uri></m:MediaUri></m:GetStreamUriResponse>`, true
	case "GetOSDs":
		if d.Sloppy {
			return "", false
		}
		clock := `<m:OSDs token="OSD_DateTime"><t:VideoSourceConfigurationToken>V</t:VideoSourceConfigurationToken><t:Type>Text</t:Type><t:Position><t:Type>UpperLeft</t:Type></t:Position><t:TextString><t:Type>DateAndTime</t:Type><t:DateFormat>yyyy-MM-dd</t:DateFormat><t:TimeFormat>` + d.Hours + `</t:TimeFormat></t:TextString></m:OSDs>`
		if d.Hours == "" {
			clock = ""
		}
		return `<m:GetOSDsResponse>` + clock + `<m:OSDs token="OSD_Name"><t:TextString><t:Type>Plain</t:Type><t:PlainText>Room 3</t:PlainText></t:TextString></m:OSDs></m:GetOSDsResponse>`, true
	case "CreateOSD", "SetOSD":
		if d.Sloppy || (operation == "SetOSD") != strings.Contains(inner, `token="OSD_DateTime"`) || !strings.Contains(inner, "VideoSourceConfigurationToken>V<") ||
			!strings.Contains(inner, "TimeFormat>HH:mm:ss<") || (operation == "SetOSD") == (d.Hours == "") {
			return "", false
		}
		d.Hours = "HH:mm:ss"
		return `<m:` + operation + `Response/>`, true
	}
	return "", false
}

func (d *Device) dateAndTime() string {
	show := func(name string, at time.Time) string {
		return fmt.Sprintf(`<t:%s><t:Time><t:Hour>%d</t:Hour><t:Minute>%d</t:Minute><t:Second>%d</t:Second></t:Time><t:Date><t:Year>%d</t:Year><t:Month>%d</t:Month><t:Day>%d</t:Day></t:Date></t:%[1]s>`,
			name, at.Hour(), at.Minute(), at.Second(), at.Year(), at.Month(), at.Day())
	}
	now := d.now()
	times := show("UTCDateTime", now) + show("LocalDateTime", now.Add(8*time.Hour))
	if d.Sloppy {
		times = show("LocalDateTime", now.Add(8*time.Hour))
	}
	source := "NTP"
	if d.hand {
		source = "Manual"
	}
	return `<d:GetSystemDateAndTimeResponse><d:SystemDateAndTime><t:DateTimeType>` + source + `</t:DateTimeType><t:DaylightSavings>` + strconv.FormatBool(d.Summer) + `</t:DaylightSavings><t:TimeZone><t:TZ>CST-8</t:TZ></t:TimeZone>` + times + `</d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>`
}
