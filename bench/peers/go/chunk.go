package main

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Numbers that stand in the database (engine/core/port.h, engine/base/transfer.h).
const (
	recordIntent  = 1
	recordAttempt = 2
	recordOutcome = 3
	recordEntry   = 4

	stepDeposit = 1
	stepCollect = 2
	stepHold    = 3
	stepPayout  = 4
	stepClosing = 5

	stateAccepted  = 1
	statePosted    = 5
	stateSkipped   = 6
	stateDeposited = 7
	stateSettled   = 22

	accountVirtual    = 1
	accountPayable    = 2
	accountCollection = 3
	accountReceivable = 4
	accountHeld       = 5
)

const epochOfPostgres = 946684800 * 1000000 // its times count µs from 2000-01-01

var copyHeader = []byte("PGCOPY\n\377\r\n\000\000\000\000\000\000\000\000\000")

// chunk holds the records of one transaction, each written once, as it comes: as a row of a binary
// COPY, and as the canonical bytes over which the hash chain runs (engine/core/canonical.h).
type chunk struct {
	number     int32
	records    int32
	entries    int32
	debitTotal int64
	firstAt    time.Time
	waiting    []*settlement // go on, or have ended, once this is committed

	canonical   []byte // after room for the hash of the chunk before
	intentRows  []byte
	attemptRows []byte
	outcomeRows []byte
	entryRows   []byte
}

func (k *chunk) reset(number int32) {
	*k = chunk{
		number:      number,
		waiting:     k.waiting[:0],
		canonical:   append(k.canonical[:0], make([]byte, sha256.Size)...),
		intentRows:  append(k.intentRows[:0], copyHeader...),
		attemptRows: append(k.attemptRows[:0], copyHeader...),
		outcomeRows: append(k.outcomeRows[:0], copyHeader...),
		entryRows:   append(k.entryRows[:0], copyHeader...),
	}
}

// seal ends the rows and hashes the records.
func (k *chunk) seal(before [sha256.Size]byte) [sha256.Size]byte {
	k.intentRows = append(k.intentRows, 0xff, 0xff)
	k.attemptRows = append(k.attemptRows, 0xff, 0xff)
	k.outcomeRows = append(k.outcomeRows, 0xff, 0xff)
	k.entryRows = append(k.entryRows, 0xff, 0xff)
	copy(k.canonical, before[:])
	return sha256.Sum256(k.canonical)
}

// begin counts a record and writes what all kinds begin with; all of ours are of transfer kind 0.
func (k *chunk) begin(record byte, s *settlement, step byte, generation uint16) {
	if k.records == 0 {
		k.firstAt = time.Now()
	}
	k.records++
	k.canonical = append(k.canonical, record)
	k.canonical = put64(k.canonical, s.id)
	k.canonical = append(k.canonical, step, 0, byte(generation>>8), byte(generation))
}

func (k *chunk) intent(s *settlement, t *transfer, profile int32) {
	k.begin(recordIntent, s, t.step, 1)
	b := append(k.canonical, t.key[:]...)
	b = put64(b, t.amount)
	b = put64(b, s.mapping)
	b = put64(b, t.intendedAt)
	k.canonical = put64(b, t.sendBefore)

	r := columns(k.intentRows, 13)
	r = int8Column(r, s.id)
	r = int8Column(r, t.amount)
	r = int8Column(r, s.mapping)
	r = int8Column(r, t.intendedAt-epochOfPostgres)
	r = int8Column(r, t.sendBefore-epochOfPostgres)
	r = bytesColumn(r, t.key[:])
	r = int4Column(r, k.number)
	r = int4Column(r, k.records)
	r = int4Column(r, profile)
	r = int2Column(r, uint16(t.step))
	r = int2Column(r, 0)
	r = int2Column(r, 1)
	k.intentRows = bytesColumn(r, t.digest[:])
}

// attempt is a new permission to send what was intended.
func (k *chunk) attempt(s *settlement, t *transfer, at int64) {
	k.begin(recordAttempt, s, t.step, 1)
	b := append(k.canonical, byte(t.attempts>>8), byte(t.attempts))
	b = put64(b, at)
	k.canonical = put64(b, t.sendBefore)

	r := columns(k.attemptRows, 9)
	r = int8Column(r, s.id)
	r = int8Column(r, at-epochOfPostgres)
	r = int8Column(r, t.sendBefore-epochOfPostgres)
	r = int4Column(r, k.number)
	r = int4Column(r, k.records)
	r = int2Column(r, uint16(t.step))
	r = int2Column(r, 0)
	r = int2Column(r, 1)
	k.attemptRows = int2Column(r, t.attempts)
}

// outcome is what became of a step, or of the settlement.
type outcome struct {
	step       byte
	generation uint16
	state      byte
	amount     int64
	available  int64
	held       int64
	reference  string
}

func (k *chunk) outcome(s *settlement, o *outcome, at int64) {
	s.outcomes++
	k.begin(recordOutcome, s, o.step, o.generation)
	b := append(k.canonical, byte(s.outcomes>>8), byte(s.outcomes), o.state)
	b = put64(b, o.amount)
	b = put64(b, o.available)
	b = put64(b, o.held)
	b = put64(b, 0) // residue
	b = put64(b, at)
	b = append(b, 0, byte(len(o.reference))) // no code
	k.canonical = append(b, o.reference...)

	r := columns(k.outcomeRows, 15)
	r = int8Column(r, s.id)
	r = int8Column(r, o.amount)
	r = int8Column(r, at-epochOfPostgres)
	r = int4Column(r, k.number)
	r = int4Column(r, k.records)
	r = int2Column(r, s.outcomes)
	r = int2Column(r, uint16(o.step))
	r = int2Column(r, 0)
	r = int2Column(r, o.generation)
	r = int2Column(r, uint16(o.state))
	r = int8OrNullColumn(r, o.available)
	r = int8OrNullColumn(r, o.held)
	r = nullColumn(r)
	r = nullColumn(r)
	if o.reference == "" {
		r = nullColumn(r)
	} else {
		r = append(put32(r, int32(len(o.reference))), o.reference...)
	}
	k.outcomeRows = r
}

// posting is one line of the ledger.
type posting struct {
	step       byte
	generation uint16
	line       byte
	debit      byte
	credit     byte
	amount     int64
}

func (k *chunk) entry(s *settlement, p posting) {
	k.begin(recordEntry, s, p.step, p.generation)
	k.canonical = put64(append(k.canonical, p.line, p.debit, p.credit), p.amount)
	k.entries++
	k.debitTotal += p.amount

	r := columns(k.entryRows, 10)
	r = int8Column(r, s.id)
	r = int8Column(r, p.amount)
	r = int4Column(r, k.number)
	r = int4Column(r, k.records)
	r = int2Column(r, uint16(p.step))
	r = int2Column(r, 0)
	r = int2Column(r, p.generation)
	r = int2Column(r, uint16(p.line))
	r = int2Column(r, uint16(p.debit))
	k.entryRows = int2Column(r, uint16(p.credit))
}

func put64(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }
func put32(b []byte, v int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }

func columns(b []byte, count uint16) []byte { return binary.BigEndian.AppendUint16(b, count) }

func int8Column(b []byte, v int64) []byte { return put64(append(b, 0, 0, 0, 8), v) }
func int4Column(b []byte, v int32) []byte { return put32(append(b, 0, 0, 0, 4), v) }

func int2Column(b []byte, v uint16) []byte {
	return append(b, 0, 0, 0, 2, byte(v>>8), byte(v))
}

func nullColumn(b []byte) []byte { return append(b, 0xff, 0xff, 0xff, 0xff) }

func int8OrNullColumn(b []byte, v int64) []byte {
	if v == 0 {
		return nullColumn(b)
	}
	return int8Column(b, v)
}

func bytesColumn(b, v []byte) []byte { return append(put32(b, int32(len(v))), v...) }
