package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v4"
)

const pageRows = 2048

// A page of the plan, whose accounts are opened by the same statement. An account that has had a
// settlement before makes it fail (23505): the peer settles an account's first payday.
const pageSQL = `
	WITH page AS MATERIALIZED (
	    SELECT p.* FROM daybook.plan p
	    WHERE p.settlement_id > $1 AND p.settlement_id < $2 AND p.revision = $3
	    ORDER BY p.settlement_id LIMIT $4
	), opened AS (
	    INSERT INTO daybook.opening (account_id, ordinal, settlement_id)
	    SELECT page.account_id, 1, page.settlement_id FROM page
	)
	SELECT page.settlement_id, page.mapping_id, page.key_seed, page.repayment_minor,
	       page.hold_minor, coalesce(page.expected_minor, 0), coalesce(page.opening_minor, 0),
	       m.bank, m.virtual_account, m.payout_bank, m.payout_account, m.holder_name,
	       (SELECT daybook.check_epoch($5, $6, $7)) IS NOT NULL
	FROM page JOIN daybook.mapping m USING (mapping_id)
	ORDER BY page.settlement_id`

// pages reads a partition's plan in order of position, as far as there is room for it.
type pages struct {
	conn  *pgx.Conn
	chain *chain
	bank  string
}

func openPages(ctx context.Context, s *settings, chain *chain) (*pages, error) {
	conn, err := pgx.Connect(ctx, s.database)
	if err != nil {
		return nil, err
	}
	// Right after an import there are no statistics: the keys are walked, whatever they say.
	_, err = conn.Exec(ctx, "SET enable_seqscan = off; SET enable_bitmapscan = off;"+
		"SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;"+
		"SET max_parallel_workers_per_gather = 0; SET plan_cache_mode = force_generic_plan")
	return &pages{conn: conn, chain: chain, bank: s.bankName}, err
}

func (p *pages) read(ctx context.Context, ready chan<- *settlement) error {
	c := p.chain.claim
	after := int64(c.batch)<<32 | int64(p.chain.partition)<<26
	end := after + 1<<26
	for {
		p.chain.take(pageRows)
		page, err := p.page(ctx, after, end)
		if err != nil {
			return fmt.Errorf("page after %d: %w", after, err)
		}
		for _, s := range page {
			after = s.id
			ready <- s
		}
		if len(page) < pageRows {
			p.chain.taken(pageRows - len(page))
			return p.conn.Close(ctx)
		}
	}
}

func (p *pages) page(ctx context.Context, after, end int64) ([]*settlement, error) {
	c := p.chain.claim
	rows, err := p.conn.Query(ctx, pageSQL, after, end, c.revision, pageRows, c.batch,
		p.chain.partition, c.epoch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	page := make([]*settlement, 0, pageRows)
	for rows.Next() {
		var opening int64
		var bank string
		var held bool
		s := &settlement{chain: p.chain}
		err := rows.Scan(&s.id, &s.mapping, &s.seed, &s.repayment, &s.hold, &s.expected, &opening,
			&bank, &s.account, &s.payoutBank, &s.payoutTo, &s.holder, &held)
		if err != nil {
			return nil, err
		}
		if bank != p.bank || opening != 0 {
			return nil, fmt.Errorf("settlement %d is of another bank, or opens with money held", s.id)
		}
		page = append(page, s)
	}
	return page, rows.Err()
}
