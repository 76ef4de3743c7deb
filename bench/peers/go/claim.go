package main

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"sync"
	"time"

	"github.com/jackc/pgx/v4"
)

const (
	lockClass   = 1684108642 // daybook's class of advisory locks: one of us runs a batch, or one of it
	beatEvery   = time.Second
	exitSettled = 0 // exit code of a run that settled all
)

// claim is the right to write a batch: its lock, its epoch, and the run that tells of it.
type claim struct {
	conn       *pgx.Conn
	batch      int32
	revision   int32
	accounts   int32
	partitions int32
	epoch      int32
	run        int64
	profile    int32
	currency   string

	stop    chan struct{} // ends the heartbeat
	stopped sync.WaitGroup
	lost    chan error // the heartbeat's, at most one
}

func takeClaim(ctx context.Context, s *settings) (*claim, error) {
	conn, err := pgx.Connect(ctx, s.database)
	if err != nil {
		return nil, err
	}
	c := &claim{conn: conn, stop: make(chan struct{}), lost: make(chan error, 1)}
	for _, step := range []func(context.Context, *settings) error{
		c.find, c.lock, c.freeze, c.takeHeads, c.keepProfile, c.tell} {
		if err := step(ctx, s); err != nil {
			return nil, err
		}
	}
	c.stopped.Add(1)
	go c.beat(ctx)
	return c, nil
}

func (c *claim) find(ctx context.Context, s *settings) error {
	err := c.conn.QueryRow(ctx, `
		SELECT b.batch_id, b.currency, r.accounts, r.partitions
		FROM daybook.batch b
		JOIN daybook.batch_head h USING (batch_id)
		JOIN daybook.plan_revision r USING (batch_id, revision)
		WHERE b.cohort = $1 AND b.settle_date = $2::text::date`, s.cohort, s.date).
		Scan(&c.batch, &c.currency, &c.accounts, &c.partitions)
	if err == pgx.ErrNoRows {
		return fmt.Errorf("no batch %s of %s: daybook import makes it", s.cohort, s.date)
	}
	return err
}

func (c *claim) lock(ctx context.Context, _ *settings) error {
	var locked bool
	err := c.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1::int, $2::int)", lockClass,
		c.batch).Scan(&locked)
	if err == nil && !locked {
		err = fmt.Errorf("batch %d is owned by another session", c.batch)
	}
	return err
}

// freeze fixes the plan and takes the next epoch. Only a batch that never ran: there is no resume.
func (c *claim) freeze(ctx context.Context, _ *settings) error {
	err := c.conn.QueryRow(ctx, `
		UPDATE daybook.batch_head
		SET epoch = epoch + 1, frozen_at = clock_timestamp(), hold_by_transfer = false
		WHERE batch_id = $1 AND frozen_at IS NULL
		RETURNING epoch, revision`, c.batch).Scan(&c.epoch, &c.revision)
	if err == pgx.ErrNoRows {
		return fmt.Errorf("batch %d ran before, and the peer does not resume", c.batch)
	}
	return err
}

func (c *claim) takeHeads(ctx context.Context, _ *settings) error {
	_, err := c.conn.Exec(ctx, `
		INSERT INTO daybook.head (batch_id, partition, epoch)
		SELECT $1::int, place, $2::int FROM generate_series(0, $3::int - 1) AS place`,
		c.batch, c.epoch, c.partitions)
	return err
}

// keepProfile keeps the contract that intents refer to.
func (c *claim) keepProfile(ctx context.Context, s *settings) error {
	text, err := os.ReadFile(s.profile)
	if err != nil {
		return err
	}
	return c.conn.QueryRow(ctx, `
		INSERT INTO daybook.bank_profile (bank, sha256, collection_account, body)
		VALUES ($1, sha256(convert_to($2, 'UTF8')), $3, $2)
		RETURNING profile_id`, s.bankName, string(text), s.collection).Scan(&c.profile)
}

func (c *claim) tell(ctx context.Context, _ *settings) error {
	operator := "peer"
	if who, err := user.Current(); err == nil {
		operator = who.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	return c.conn.QueryRow(ctx, `
		INSERT INTO daybook.run (batch_id, epoch, kind, operator, host, pid, control_pid,
		                         control_start, timeline)
		SELECT $1, $2, 'run', $3, $4, $5, a.pid, a.backend_start,
		       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
		FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()
		RETURNING run_id`, c.batch, c.epoch, operator, host, os.Getpid()).Scan(&c.run)
}

// beat shows once a second that this run lives, and sees when the batch is another's.
func (c *claim) beat(ctx context.Context) {
	defer c.stopped.Done()
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-ticker.C:
		}
		tag, err := c.conn.Exec(ctx, `
			UPDATE daybook.run r SET heartbeat_at = clock_timestamp()
			WHERE r.run_id = $1 AND r.ended_at IS NULL
			  AND EXISTS (SELECT FROM daybook.batch_head h
			              WHERE h.batch_id = $2 AND h.epoch = $3)`, c.run, c.batch, c.epoch)
		if err == nil && tag.RowsAffected() != 1 {
			err = fmt.Errorf("batch %d is another's by now", c.batch)
		}
		if err != nil {
			c.lost <- err
			return
		}
	}
}

// end writes the closing records and closes the batch.
func (c *claim) end(ctx context.Context, chains []*chain) error {
	close(c.stop)
	c.stopped.Wait()
	settled := int64(0)
	for _, chain := range chains {
		settled += chain.settled
		tag, err := c.conn.Exec(ctx, `
			INSERT INTO daybook.closing (batch_id, partition, run_id, chunk, records, entries,
			                             debit_total_minor, hash, settled, short, parked, blocked,
			                             waiting, active, pending, in_doubt)
			SELECT h.batch_id, h.partition, $3, h.chunk, h.records, h.entries,
			       h.debit_total_minor, h.hash, $4, 0, 0, 0, 0, 0, 0, 0
			FROM daybook.head h
			WHERE h.batch_id = $1 AND h.partition = $2 AND h.epoch = $5 AND h.chunk = $6
			  AND h.hash = $7
			FOR UPDATE`, c.batch, chain.partition, c.run, chain.settled, c.epoch, chain.number,
			chain.hash[:])
		if err != nil {
			return err
		}
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("the head of partition %d is not as it was left", chain.partition)
		}
	}
	if settled != int64(c.accounts) {
		return fmt.Errorf("settled %d of %d accounts", settled, c.accounts)
	}
	_, err := c.conn.Exec(ctx, `
		UPDATE daybook.batch_head SET closed_at = clock_timestamp()
		WHERE batch_id = $1 AND epoch = $2`, c.batch, c.epoch)
	if err == nil {
		_, err = c.conn.Exec(ctx, `
			UPDATE daybook.run SET ended_at = clock_timestamp(), exit_code = $2
			WHERE run_id = $1`, c.run, exitSettled)
	}
	return err
}

func (c *claim) close(ctx context.Context) {
	c.conn.Close(ctx)
}
