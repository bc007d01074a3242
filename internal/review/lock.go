package review

import (
	"maps"
	"slices"
)

// Lock is a table lock mode, in the order of strength; zero is none.
type Lock int

// The modes that Postgres has.
const (
	NoLock Lock = iota
	AccessShare
	RowShare
	RowExclusive
	ShareUpdateExclusive
	Share
	ShareRowExclusive
	Exclusive
	AccessExclusive
)

var lockNames = [...]string{
	"", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE",
	"SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
}

var lockModes = map[string]Lock{
	"AccessShareLock": AccessShare, "RowShareLock": RowShare, "RowExclusiveLock": RowExclusive,
	"ShareUpdateExclusiveLock": ShareUpdateExclusive, "ShareLock": Share,
	"ShareRowExclusiveLock": ShareRowExclusive, "ExclusiveLock": Exclusive, "AccessExclusiveLock": AccessExclusive,
}

// String is the mode as LOCK TABLE spells it.
func (l Lock) String() string { return lockNames[l] }

// BlocksWrites reports whether INSERT, UPDATE and DELETE wait for it.
func (l Lock) BlocksWrites() bool { return l >= Share }

// BlocksReads reports whether SELECT waits for it.
func (l Lock) BlocksReads() bool { return l == AccessExclusive }

// BlocksDDL reports whether ALTER TABLE, VACUUM and index builds wait for it.
func (l Lock) BlocksDDL() bool { return l >= ShareUpdateExclusive }

func strongest(modes []string) Lock {
	top := NoLock
	for _, m := range modes {
		top = max(top, lockModes[m])
	}
	return top
}

// locks are the strongest mode held on each relation, by OID.
type locks map[uint32]Lock

func heldLocks(s *snapshot) locks {
	held := locks{}
	for _, l := range s.Locks {
		held[l.OID] = strongest(l.Modes)
	}
	return held
}

// since are the locks of now that before did not hold, or held weaker.
func (now locks) since(before locks) locks {
	fresh := locks{}
	for oid, mode := range now {
		if mode > before[oid] {
			fresh[oid] = mode
		}
	}
	return fresh
}

// sorted are the relations, in an order that is always the same.
func (now locks) sorted() []uint32 { return slices.Sorted(maps.Keys(now)) }
