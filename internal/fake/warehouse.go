package fake

// layers, subjects and facets are the parts of a Dataset's name; measures and keys are
// columns.
var layers = []string{"raw", "stg", "int", "dim", "fct", "mart", "agg", "snap"}

var subjects = []string{"orders", "invoices", "payments", "customers", "sessions", "shipments", "refunds", "contracts",
	"inventory", "suppliers", "claims", "policies", "leads", "campaigns", "clicks", "tickets", "employees", "stores",
	"products", "prices", "returns", "devices", "sensors", "accounts", "ledgers", "balances", "trips", "drivers",
	"subscriptions", "quotes", "events", "emails", "visits", "carts", "coupons", "warehouses", "routes", "forecasts"}

var facets = []string{"daily", "hourly", "monthly", "by_region", "by_store", "by_channel", "by_cohort", "history",
	"latest", "enriched", "deduped", "joined", "rollup", "snapshot", "current", "late", "failed", "open", "closed",
	"eu", "us", "apac", "b2b", "b2c", "web", "mobile", "partner", "internal"}

var measures = []string{"amount", "quantity", "net_price", "tax", "latency_ms", "score", "discount", "duration_s",
	"margin", "weight_kg", "balance", "row_count"}

var keys = []string{"id", "customer_id", "order_id", "store_id", "account_id", "external_ref", "email", "created_at"}

// Dataset is the name of a table in a data warehouse. Unique.
func (v *Value) Dataset() string {
	var d [3]int
	round := v.mixedRadix(d[:], len(layers), len(subjects), len(facets))
	v.put(layers[d[0]], "_", subjects[d[1]], "_", facets[d[2]])
	v.putRound("_", round)
	return v.flush()
}

// Column is a column's name.
func (v *Value) Column() string {
	if v.Chance(0.5) {
		return keys[v.Index(len(keys))]
	}
	return measures[v.Index(len(measures))]
}

// Check is the name of a data quality check. Unique.
func (v *Value) Check() string {
	var d [3]int
	round := v.mixedRadix(d[:], len(subjects), len(measures), len(checkVerbs))
	v.put(subjects[d[0]], " ", measures[d[1]], " ", checkVerbs[d[2]])
	v.putRound(" #", round)
	return v.flush()
}

var checkVerbs = []string{"is never null", "is unique", "is fresh", "stays within bounds", "matches the ledger",
	"has no orphans", "keeps its volume", "follows its pattern", "never goes backwards", "sums up"}

// SQL is a query for the rows that violate a data quality check.
func (v *Value) SQL() string {
	table, measure := subjects[v.Index(len(subjects))], measures[v.Index(len(measures))]
	key := keys[v.Index(len(keys))]
	switch v.Index(6) {
	case 0:
		v.put("SELECT ", key, ", count(*) FROM ", table, " GROUP BY ", key, " HAVING count(*) > 1")
	case 1:
		v.put("SELECT * FROM ", table, " WHERE ", measure, " < 0")
	case 2:
		v.put("SELECT count(*) FROM ", table, " WHERE ", key, " IS NULL")
	case 3:
		v.put("SELECT max(created_at) FROM ", table, "\nHAVING max(created_at) < now() - interval '")
		v.putNumber(v.Int(1, 48))
		v.put(" hours'")
	case 4:
		v.put("SELECT c.", key, "\nFROM ", table, " c\nLEFT JOIN ", subjects[v.Index(len(subjects))], " p USING (",
			key, ")\nWHERE p.", key, " IS NULL")
	default:
		v.put("SELECT date_trunc('day', created_at) AS day, sum(", measure, ")\nFROM ", table, "\nGROUP BY 1\nHAVING sum(",
			measure, ") NOT BETWEEN ")
		v.putNumber(v.Int(1, 100))
		v.put(" AND ")
		v.putNumber(v.Int(10_000, 9_000_000))
	}
	return v.flush()
}

// Cron is a five-field schedule.
func (v *Value) Cron() string {
	switch v.Index(5) {
	case 0:
		v.put("*/", v.OneOf("5", "10", "15", "30"), " * * * *")
	case 1:
		v.putNumber(v.Int(0, 59))
		v.put(" * * * *")
	case 2:
		v.putCronTime()
		v.put(" * * 1-5")
	case 3:
		v.putCronTime()
		v.put(" 1 * *")
	default:
		v.putCronTime()
		v.put(" * * *")
	}
	return v.flush()
}

// putCronTime writes a minute and an hour.
func (v *Value) putCronTime() {
	v.putNumber(v.Int(0, 59))
	v.put(" ")
	v.putNumber(v.Int(0, 23))
}

// Host name of a server. Unique.
func (v *Value) Host() string {
	slug := v.Slug()
	v.put(v.OneOf("db", "wh", "etl", "api"), ".", slug, ".example")
	return v.flush()
}

// File name with an extension. Unique.
func (v *Value) File() string {
	name := v.Dataset()
	v.put(name, v.OneOf(".csv", ".pdf", ".png", ".xlsx", ".json", ".parquet"))
	return v.flush()
}
