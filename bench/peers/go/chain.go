package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v4"
)

var copies = [...]struct {
	sql  string
	rows func(*chunk) []byte
}{
	{"COPY daybook.intent (settlement_id, amount_minor, mapping_id, intended_at, send_before, " +
		"idem_key, chunk, position, profile_id, step, kind, generation, body_sha256) " +
		"FROM STDIN (FORMAT binary)", func(k *chunk) []byte { return k.intentRows }},
	{"COPY daybook.attempt (settlement_id, at, send_before, chunk, position, step, kind, " +
		"generation, number) FROM STDIN (FORMAT binary)",
		func(k *chunk) []byte { return k.attemptRows }},
	{"COPY daybook.outcome (settlement_id, amount_minor, at, chunk, position, seq, step, kind, " +
		"generation, state, available_minor, held_minor, residue_minor, code, bank_ref) " +
		"FROM STDIN (FORMAT binary)", func(k *chunk) []byte { return k.outcomeRows }},
	{"COPY daybook.entry (settlement_id, amount_minor, chunk, position, step, kind, " +
		"generation, line, debit, credit) " +
		"FROM STDIN (FORMAT binary)", func(k *chunk) []byte { return k.entryRows }},
}

// chain writes the chunks of one partition in order: one fills while the one before it is written.
type chain struct {
	conn      *pgx.Conn
	claim     *claim
	partition int32
	mark      int32
	delay     time.Duration
	inFlight  int

	mu      sync.Mutex
	filling *chunk
	spare   *chunk
	working int        // settlements that wait for a connection, or for the bank
	open    int        // settlements that have not ended, or whose end is not committed
	room    *sync.Cond // fewer are open
	atEnd   bool       // the plan is read to its end
	wake    chan struct{}

	// The writer's alone.
	number  int32
	hash    [sha256.Size]byte
	settled int64
}

func openChain(ctx context.Context, s *settings, claim *claim, partition int32) (*chain, error) {
	conn, err := pgx.Connect(ctx, s.database)
	if err != nil {
		return nil, err
	}
	c := &chain{
		conn:      conn,
		claim:     claim,
		partition: partition,
		mark:      int32(s.chunkMark),
		delay:     s.chunkDelay,
		inFlight:  s.inFlight,
		filling:   &chunk{},
		spare:     &chunk{},
		wake:      make(chan struct{}, 1),
	}
	c.room = sync.NewCond(&c.mu)
	c.filling.reset(1)
	return c, nil
}

func (c *chain) awake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take waits for room, then counts so many settlements as open and at work.
func (c *chain) take(count int) {
	c.mu.Lock()
	for c.open > 0 && c.open+count > c.inFlight {
		c.room.Wait()
	}
	c.open += count
	c.working += count
	c.mu.Unlock()
}

// taken says that the plan is read to its end, and how many fewer than counted there were.
func (c *chain) taken(missing int) {
	c.mu.Lock()
	c.open -= missing
	c.working -= missing
	c.atEnd = true
	c.mu.Unlock()
	c.awake()
}

// add lets a settlement write its records; it waits for their chunk from then on.
func (c *chain) add(s *settlement, write func(*chunk)) {
	c.mu.Lock()
	k := c.filling
	before := k.records
	write(k)
	k.waiting = append(k.waiting, s)
	c.working--
	news := before == 0 || c.working == 0 || before < c.mark && k.records >= c.mark
	c.mu.Unlock()
	if news {
		c.awake()
	}
}

// due hands out the chunk to be written, or how long none will be due.
func (c *chain) due() (k *chunk, wait time.Duration, end bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k = c.filling
	if k.records == 0 {
		return nil, time.Hour, c.atEnd && c.open == 0
	}
	wait = c.delay - time.Since(k.firstAt)
	if k.records < c.mark && c.working > 0 && wait > 0 {
		return nil, wait, false
	}
	c.filling, c.spare = c.spare, k
	c.filling.reset(k.number + 1)
	return k, 0, false
}

// write runs until the last settlement's end is committed. What goes on is put into ready.
func (c *chain) write(ctx context.Context, ready chan<- *settlement) error {
	timer := time.NewTimer(time.Hour)
	for {
		k, wait, end := c.due()
		if end {
			return c.conn.Close(ctx)
		}
		if k != nil {
			if err := c.commit(ctx, k); err != nil {
				return fmt.Errorf("chunk %d: %w", k.number, err)
			}
			c.release(k, ready)
			continue
		}
		timer.Reset(wait)
		select {
		case <-c.wake:
			if !timer.Stop() {
				<-timer.C
			}
		case <-timer.C:
		}
	}
}

// commit writes a chunk in one transaction. Whatever goes wrong ends the program.
func (c *chain) commit(ctx context.Context, k *chunk) error {
	conn := c.conn.PgConn()
	hash := k.seal(c.hash)
	begin := fmt.Sprintf("BEGIN; SELECT daybook.advance(%d, %d, %d, %d, '\\x%x', '\\x%x', %d, %d, %d)",
		c.claim.batch, c.partition, c.claim.epoch, k.number, c.hash, hash, k.records, k.entries,
		k.debitTotal)
	if _, err := conn.Exec(ctx, begin).ReadAll(); err != nil {
		return err
	}
	written := int64(0)
	for _, table := range copies {
		rows := table.rows(k)
		if len(rows) == len(copyHeader)+2 {
			continue
		}
		tag, err := conn.CopyFrom(ctx, bytes.NewReader(rows), table.sql)
		if err != nil {
			return err
		}
		written += tag.RowsAffected()
	}
	if written != int64(k.records) {
		return fmt.Errorf("%d of %d records were written", written, k.records)
	}
	results, err := conn.Exec(ctx, "COMMIT").ReadAll()
	if err != nil {
		return err
	}
	if len(results) != 1 || results[0].CommandTag.String() != "COMMIT" {
		return fmt.Errorf("the transaction ended without COMMIT")
	}
	c.number, c.hash = k.number, hash
	return nil
}

// release lets go on what waited for the chunk.
func (c *chain) release(k *chunk, ready chan<- *settlement) {
	ended := 0
	for _, s := range k.waiting {
		if s.ended {
			ended++
		}
	}
	c.settled += int64(ended)
	c.mu.Lock()
	c.open -= ended
	c.working += len(k.waiting) - ended
	c.room.Signal()
	c.mu.Unlock()
	for i, s := range k.waiting {
		k.waiting[i] = nil
		if !s.ended {
			ready <- s
		}
	}
}
