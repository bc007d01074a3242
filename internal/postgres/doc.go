// Package postgres provides the programs of a Postgres server, data directories,
// and running servers, to be used as root or not:
//
//	cache, err := postgres.OpenCache("")
//	inst, err := postgres.Find(ctx, postgres.Request{Cache: cache, Extensions: []string{"vector"}})
//	password, err := inst.CreateData(ctx, dir, postgres.DataOptions{Cache: cache})
//	server, err := postgres.Start(ctx, postgres.StartOptions{Installation: inst, User: cache.User, Data: dir, …})
//	defer server.Close()
//
// # Makes and starts
//
// embedded-postgres, unmodified and through its own Start and Stop, makes: it
// downloads a Postgres, unpacks it and boots it, and boots each new image for its
// set-up. An image is an initialised data directory in the cache. Servers start
// on copies of images, by executing postgres directly: that takes 30 to 60 ms where the
// library's way takes 130, and changes nothing in this process's environment.
//
// # Who does what as root
//
// Postgres refuses to run as root. So the server, initdb, every program of an
// installation and embedded-postgres itself run as an unprivileged user: programs
// with credentials that the kernel drops in the child, the library on a thread
// that has dropped them. What that user leaves in its directories is its word
// and no more: root takes it by copying plain files of that user, without
// following links, and holds a download against the archive's own list.
//
// Nothing that another user of the machine could have written is executed or
// trusted: the cache, installations and every directory on the way to them are
// looked at first. Below a data directory root reads and removes without
// following links, and signals with the rights of the server's user.
//
// # Files
//
// All are below the cache directory:
//
//	binaries/<version>-<platform>/   a fetched Postgres, with its manifest
//	images/<version>-<locale>-<key>/ an image: data and manifest.json
package postgres
