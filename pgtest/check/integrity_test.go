package check_test

import (
	"fmt"
	"testing"

	"github.com/qarion/seedbed/pgtest/check"
)

func sprint(args ...any) string            { return fmt.Sprint(args...) }
func sprintf(s string, args ...any) string { return fmt.Sprintf(s, args...) }

func TestIntegrityOfAHealthyDatabase(t *testing.T) {
	t.Parallel()
	db := reference(t)
	fake := &told{TB: t}
	check.Integrity(fake, db)
	if len(fake.errors)+len(fake.logs) > 0 {
		t.Errorf("healthy, but: %s %s", fake.text(), fake.logs)
	}
}

func TestIntegritySaysWhatIsBroken(t *testing.T) {
	t.Parallel()
	db := reference(t)
	bypass(t, db, `
		update comments set resource_id = 'dead0000-0000-4000-8000-000000000000' where id = 'a1317000-0000-4000-8000-000000000000';
		update attachments set resource_id = 'b1317000-0000-4000-8000-000000000000'
			where space_id = 'a1000000-0000-4000-8000-000000000000' and resource_type = 'comment';
		delete from snowflake_systems where space_id = 'a2000000-0000-4000-8000-000000000000';`)
	fake := &told{TB: t}
	check.Integrity(fake, db)
	golden(t, "integrity", fake.text())
}

func BenchmarkIntegrity(b *testing.B) {
	db := reference(b)
	for b.Loop() {
		check.Integrity(b, db)
	}
}
