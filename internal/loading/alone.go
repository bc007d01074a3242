package loading

import "context"

// aloneKey is where Alone leaves its mark.
type aloneKey struct{}

// Alone has package factory make rows that count for themselves: the first row of a
// call is row 0 of its table, whatever was made before, and none is counted
// afterwards. print is that of the database, which is then not looked at again.
func Alone(ctx context.Context, print string) context.Context {
	return context.WithValue(ctx, aloneKey{}, print)
}

// IsAlone reports whether rows count for themselves, and the print that Alone got.
func IsAlone(ctx context.Context) (print string, alone bool) {
	print, alone = ctx.Value(aloneKey{}).(string)
	return print, alone
}
