package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// refuseValues refuses flags and arguments with a value that has no meaning. An empty one
// is most often that of a variable that is not set, as in --url "$DATABASE_URL": taken for
// a flag that is not there, the command would go on with another database.
func refuseValues(cmd *cobra.Command, args []string) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil {
			err = refuseValue(f)
		}
	})
	if err != nil || cmd.DisableFlagParsing || cmd.ArgsLenAtDash() >= 0 { // those are another program's
		return err
	}
	for _, arg := range args {
		if arg == "" {
			return usagef("an argument is empty; if it is a variable, as in %s \"$NAME\", that one is not set", cmd.CommandPath())
		}
	}
	return nil
}

func refuseValue(f *pflag.Flag) error {
	values := []string{f.Value.String()}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		values = list.GetSlice()
	}
	for _, value := range values {
		if err := refuseEmpty("--"+f.Name, value); err != nil {
			return err
		}
	}
	switch f.Value.Type() {
	case "int", "int64":
		// Where 0 is what holds without the flag, it stands for "not given".
		n, least := number(f.Value.String()), int64(0)
		if f.DefValue == "0" {
			least = 1
		}
		if n < least {
			return usagef("--%s %d: that is less than %d, the least that it can be", f.Name, n, least)
		}
	case "duration":
		if d, err := time.ParseDuration(f.Value.String()); err == nil && d < 0 {
			return usagef("--%s %s: that is less than nothing; write a duration such as 90s or 72h", f.Name, d)
		}
	}
	return nil
}

// refuseEmpty is an error where a flag's value is empty.
func refuseEmpty(flag, value string) error {
	if strings.TrimSpace(value) != "" {
		return nil
	}
	return usagef("%s is empty; if its value is a variable, as in %s \"$NAME\", that one is not set. To go without, leave the flag out", flag, flag)
}

func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// pgDuration is a setting of Postgres that is a duration. Its text is written into SQL.
type pgDuration string

var pgDurations = regexp.MustCompile(`^(0|[0-9]+ ?(us|ms|s|min|h|d))$`)

// Type is what pflag calls the value.
func (d *pgDuration) Type() string { return "pgDuration" }

func (d *pgDuration) String() string { return string(*d) }

// Set takes what Postgres takes for a duration.
func (d *pgDuration) Set(text string) error {
	if text != "" && !pgDurations.MatchString(text) {
		return fmt.Errorf("%q is no duration", text)
	}
	*d = pgDuration(text)
	return nil
}
