package rows

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// vocabularyName matches names of columns that hold one of a few words: a kind, a state, the
// class of single-table inheritance.
var vocabularyName = regexp.MustCompile(`(?i)(^|_)(type|kind|class|category|subtype|variant|status|state|stage|phase|role|method|channel|provider|plan|tier|level|priority|severity|mode|event|action|unit|source|reason_code)$|[a-z](Type|Kind|Status|State|Role|Category)$`)

// vocabulary is the words that the rows of a table have in its columns of few words, by the
// column's index.
type vocabulary map[int][]string

// mostWords is how many different words a column of few words may have.
const mostWords = 20

// isVocabulary reports whether the rows that are there tell which words a column takes: no
// type, CHECK or key does.
func (c *column) isVocabulary() bool {
	return c.Writable() && !c.inReference && !c.leftNull && !c.mustDiffer && c.solved == nil && len(c.subtypes) == 0 &&
		(c.isTextual() && c.baseOID != jsonOID) && len(c.rule().choices) == 0 && vocabularyName.MatchString(c.name)
}

// readVocabularies reads, in one round trip, the words in the rows of the tables that the
// load writes and that have rows already.
func (load *bulkLoad) readVocabularies(ctx context.Context) error {
	type question struct {
		table  *table
		column *column
	}
	var asked []question
	var queries pgx.Batch
	for _, tb := range load.order {
		if tb.existing || !load.hasRows[tb.table] || tb.definition.Fill != nil {
			continue
		}
		for _, c := range tb.table.columns {
			if !c.isVocabulary() {
				continue
			}
			name := catalog.Ident(c.name)
			queries.Queue(fmt.Sprintf("select array(select distinct x from (select %[1]s::text from %[2]s where %[1]s is not null limit 10000) first (x) order by 1 limit %[3]d)",
				name, tb.table.relation.Ident(), mostWords+1))
			asked = append(asked, question{tb.table, c})
		}
	}
	if len(asked) == 0 {
		return nil
	}
	results := load.tx.SendBatch(ctx, &queries)
	defer results.Close()
	load.vocabularies = map[*table]vocabulary{}
	for _, q := range asked {
		var words []string
		if err := results.QueryRow().Scan(&words); err != nil {
			return fmt.Errorf("%s.%s: read its values: %w", q.table.name, q.column.name, err)
		}
		words = slices.DeleteFunc(words, func(w string) bool { return slices.Contains(q.column.avoidedValues, w) })
		if len(words) == 0 || len(words) > mostWords {
			continue
		}
		if load.vocabularies[q.table] == nil {
			load.vocabularies[q.table] = vocabulary{}
		}
		load.vocabularies[q.table][q.column.index] = words
	}
	return results.Close()
}
