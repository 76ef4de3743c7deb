package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

// settlement is one account's payday: deposit, collect, hold, payout.
type settlement struct {
	chain      *chain
	id         int64
	mapping    int64
	seed       [16]byte
	repayment  int64
	hold       int64
	expected   int64
	deposit    int64
	account    string
	payoutBank string
	payoutTo   string
	holder     string
	outcomes   uint16
	ended      bool
	next       transfer // intended; its step is 0 before the deposit
}

// transfer is the one money movement of a step.
type transfer struct {
	step       byte
	amount     int64
	intendedAt int64 // µs
	sendBefore int64 // µs
	attempts   uint16
	key        [16]byte
	digest     [sha256.Size]byte // of the rendered request
	to         string
	body       []byte
}

func nowMicros() int64 { return time.Now().UnixMicro() }

// payday is a batch being settled.
type payday struct {
	settings *settings
	claim    *claim
	bank     *bank
	chains   []*chain
	pages    []*pages
	ready    chan *settlement // the bank may be asked
}

func openPayday(ctx context.Context, s *settings, claim *claim) (*payday, error) {
	p := &payday{
		settings: s,
		claim:    claim,
		bank:     openBank(s, claim.currency),
		ready:    make(chan *settlement, s.inFlight*int(claim.partitions)+pageRows),
	}
	for i := int32(0); i < claim.partitions; i++ {
		chain, err := openChain(ctx, s, claim, i)
		if err != nil {
			return nil, err
		}
		pages, err := openPages(ctx, s, chain)
		if err != nil {
			return nil, err
		}
		p.chains, p.pages = append(p.chains, chain), append(p.pages, pages)
	}
	return p, nil
}

// settle returns once every end is committed, or at the first error: nothing is sent after that,
// for the process ends.
func (p *payday) settle(ctx context.Context) error {
	failed := make(chan error, p.settings.connections+2*len(p.chains))
	written := make(chan error, len(p.chains))
	for i := range p.chains {
		chain, pages := p.chains[i], p.pages[i]
		go func() { written <- chain.write(ctx, p.ready) }()
		go func() {
			if err := pages.read(ctx, p.ready); err != nil {
				failed <- err
			}
		}()
	}
	for i := 0; i < p.settings.connections; i++ {
		go func() {
			if err := p.work(); err != nil {
				failed <- err
			}
		}()
	}
	for range p.chains {
		select {
		case err := <-written:
			if err != nil {
				return err
			}
		case err := <-failed:
			return err
		case err := <-p.claim.lost:
			return err
		}
	}
	close(p.ready)
	return nil
}

// work is one connection's: it asks the bank for whoever is ready.
func (p *payday) work() error {
	client := p.bank.client()
	for s := range p.ready {
		if err := p.step(client, s); err != nil {
			return fmt.Errorf("settlement %d of %s: %w", s.id, s.account, err)
		}
	}
	return nil
}

func (p *payday) step(client *client, s *settlement) error {
	if s.next.step == 0 {
		available, err := client.balance(s.account)
		if err != nil {
			return err
		}
		return p.deposited(s, available)
	}
	if nowMicros() > s.next.sendBefore {
		p.permitAgain(s)
		return nil
	}
	reference, err := client.transfer(s)
	if err != nil {
		return err
	}
	return p.accepted(s, reference)
}

// permitAgain is for a transfer that was not sent in time: it is sent once the new permission is
// committed, under the same key.
func (p *payday) permitAgain(s *settlement) {
	now := nowMicros()
	t := &s.next
	t.attempts++
	t.sendBefore = now + p.settings.sendBefore.Microseconds()
	s.chain.add(s, func(k *chunk) { k.attempt(s, t, now) })
}

// deposited records the deposit. What would be short or parked is beyond the peer.
func (p *payday) deposited(s *settlement, available int64) error {
	threshold := s.expected
	if threshold == 0 && s.repayment+s.hold > 0 {
		threshold = s.repayment + s.hold
	}
	if available < 1 || available < threshold || available < s.repayment+s.hold {
		return fmt.Errorf("the deposit is not there, or too small: %d", available)
	}
	if s.expected > 0 && available > s.expected+s.expected/2 {
		return fmt.Errorf("the deposit is too large: %d", available)
	}
	s.deposit = available
	return p.goOn(s, stepDeposit, func(k *chunk, now int64) {
		k.outcome(s, &outcome{step: stepDeposit, state: stateDeposited, amount: available,
			available: available}, now)
		k.entry(s, posting{stepDeposit, 0, 1, accountVirtual, accountPayable, available})
	})
}

func (p *payday) accepted(s *settlement, reference string) error {
	step, amount := s.next.step, s.next.amount
	return p.goOn(s, step, func(k *chunk, now int64) {
		k.outcome(s, &outcome{step: step, generation: 1, state: stateAccepted, amount: amount,
			reference: reference}, now)
		if step == stepCollect {
			k.entry(s, posting{step, 1, 1, accountCollection, accountVirtual, amount})
			k.entry(s, posting{step, 1, 2, accountPayable, accountReceivable, amount})
		} else {
			k.entry(s, posting{step, 1, 1, accountPayable, accountVirtual, amount})
		}
	})
}

// amount of a step.
func (s *settlement) amount(step byte) int64 {
	switch step {
	case stepCollect:
		return s.repayment
	case stepHold:
		return s.hold
	}
	return s.deposit - s.repayment - s.hold
}

// goOn writes what became of a step and all that follows from it without the bank, up to the next
// intent or the end: they commit together, and the intent is sent after that.
func (p *payday) goOn(s *settlement, done byte, write func(*chunk, int64)) error {
	now := nowMicros()
	intended := byte(0)
	for _, step := range []byte{stepCollect, stepPayout} {
		if step > done && s.amount(step) > 0 {
			intended = step
			break
		}
	}
	// Keys and digests are made before the lock is taken.
	if intended != 0 {
		if err := p.intend(s, intended, now); err != nil {
			return err
		}
	}
	s.chain.add(s, func(k *chunk) {
		write(k, now)
		for step := done + 1; step <= stepPayout; step++ {
			amount := s.amount(step)
			switch {
			case step == intended:
				k.intent(s, &s.next, p.claim.profile)
				return
			case amount == 0:
				k.outcome(s, &outcome{step: step, state: stateSkipped}, now)
			default:
				k.outcome(s, &outcome{step: step, state: statePosted, amount: amount}, now)
				k.entry(s, posting{step, 0, 1, accountPayable, accountHeld, amount})
			}
		}
		k.outcome(s, &outcome{step: stepClosing, state: stateSettled, held: s.hold}, now)
		s.ended = true
	})
	return nil
}

// intend fills in the next transfer. The key is daybook's (engine/core/ledger.h).
func (p *payday) intend(s *settlement, step byte, now int64) error {
	var named [22 + 16 + 4]byte
	copy(named[:], "daybook transfer key 1")
	copy(named[22:], s.seed[:])
	copy(named[38:], []byte{step, 0, 0, 1})
	sum := sha256.Sum256(named[:])
	t := &s.next
	t.step, t.amount, t.attempts = step, s.amount(step), 0
	t.intendedAt, t.sendBefore = now, now+p.settings.sendBefore.Microseconds()
	copy(t.key[:], sum[:])
	return p.bank.render(s)
}
