package main

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// What looks like a production database is refused, with the way to say that it is
// not; the message repeats no password.
func TestRefuseProduction(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://me:s3cret@localhost/shop":                   "",
		"postgres://me:s3cret@127.0.0.1:5433/shop":              "",
		"postgres://me:s3cret@[::1]/shop":                       "",
		"postgres://me@/shop?host=/var/run/postgresql":          "",
		"postgres://me:s3cret@db.example.com/shop":              "shop at db.example.com:5432 as me does not look like a development database: it is on another machine. If it is one: export SEEDBED_ALLOW=db.example.com:5432",
		"postgres://me:s3cret@10.0.0.7:6432/shop":               "SEEDBED_ALLOW=10.0.0.7:6432",
		"postgres://me:s3cret@localhost/shop_Production":        "its name says that it is in production",
		"postgres://me:s3cret@allowed.example.com/prod":         "",
		"postgres://me:s3cret@by-port.example.com:6543/shop":    "",
		"postgres://me:s3cret@by-port.example.com:5432/shop":    "it is on another machine",
		"postgres://me:s3cret@localhost.attacker.example/shop":  "it is on another machine",
		"postgres://me:s3cret@db.example.com/shop?user=seedbed": "it is on another machine",
		"postgres://me:s3cret@localhost,db.example.com/shop":    "shop at db.example.com:5432 as me does not",
	} {
		cfg, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		err = with(map[string]string{"SEEDBED_ALLOW": "allowed.example.com,by-port.example.com:6543"}).refuseProduction(cfg)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", url, err, want)
		case err != nil && strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%s: the password is in %v", url, err)
		}
	}
}

func TestParseCount(t *testing.T) {
	for text, want := range map[string]int64{"5000": 5000, "20k": 20_000, "1e6": 1_000_000, "1.5m": 1_500_000, "1_000": 1000} {
		if n, err := parseCount(text); err != nil || n != want {
			t.Errorf("%s is %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "many", "0.5", "1e13", "k", "-", "NaN", "Inf"} {
		if n, err := parseCount(text); err == nil {
			t.Errorf("%q is taken for %d", text, n)
		}
	}
}
