// The Go peer: one payday, settled as daybook settles it, against the same bank and into the same
// tables. What it promises, and what it leaves out: ../README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// settings is what the command line says.
type settings struct {
	database    string
	cohort      string
	date        string
	bankName    string
	bankAddress string // host:port
	profile     string // file of the bank's profile: its text stands in the database
	collection  string // the house's account at the bank
	client      string // who speaks HTTP: "transport" or "connection"
	connections int    // calls in flight, each on a connection of its own
	inFlight    int    // settlements that are open at a time
	chunkMark   int    // records at which a chunk closes
	chunkDelay  time.Duration
	sendBefore  time.Duration // from intent to send, at most
	callTimeout time.Duration
	gcPercent   int
	quiet       bool
}

func parse() (settings, error) {
	var s settings
	flag.StringVar(&s.database, "database", "", "connection `string` of Postgres")
	flag.StringVar(&s.cohort, "cohort", "", "cohort")
	flag.StringVar(&s.date, "date", "", "settlement date")
	flag.StringVar(&s.bankName, "bank", "mock", "the bank's name in the mappings")
	flag.StringVar(&s.bankAddress, "bank-address", "", "`host:port` of the bank")
	flag.StringVar(&s.profile, "profile", "", "`file` of the bank's profile")
	flag.StringVar(&s.collection, "collection", "", "collection account")
	flag.StringVar(&s.client, "client", "transport", "who speaks HTTP: transport or connection")
	flag.IntVar(&s.connections, "connections", 256, "calls in flight")
	flag.IntVar(&s.inFlight, "in-flight", 16384, "settlements open at a time")
	flag.IntVar(&s.chunkMark, "chunk-records", 16000, "records at which a chunk closes")
	flag.DurationVar(&s.chunkDelay, "chunk-delay", 200*time.Millisecond, "longest wait of a record")
	flag.DurationVar(&s.sendBefore, "send-before", 10*time.Second, "from intent to send, at most")
	flag.DurationVar(&s.callTimeout, "call-timeout", 10*time.Second, "longest wait for an answer")
	flag.IntVar(&s.gcPercent, "gc-percent", 400, "heap growth between collections")
	flag.BoolVar(&s.quiet, "quiet", false, "no summary")
	flag.Parse()
	for name, value := range map[string]string{
		"database": s.database, "cohort": s.cohort, "date": s.date, "bank-address": s.bankAddress,
		"profile": s.profile, "collection": s.collection,
	} {
		if value == "" {
			return s, fmt.Errorf("-%s is missing", name)
		}
	}
	if s.client != "transport" && s.client != "connection" {
		return s, fmt.Errorf("-client %s: transport or connection", s.client)
	}
	if s.connections < 1 || s.inFlight < 1 || s.chunkMark < 1 || flag.NArg() > 0 {
		return s, errors.New("numbers are at least 1, and there are no arguments")
	}
	return s, nil
}

func run(s *settings) error {
	ctx := context.Background()
	claim, err := takeClaim(ctx, s)
	if err != nil {
		return err
	}
	defer claim.close(ctx)
	payday, err := openPayday(ctx, s, claim)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := payday.settle(ctx); err != nil {
		return fmt.Errorf("%w\nWhat was being sent is in doubt: the bank knows by the key", err)
	}
	seconds := time.Since(begin).Seconds()
	if err := claim.end(ctx, payday.chains); err != nil {
		return err
	}
	for _, chain := range payday.chains {
		if s.quiet {
			break
		}
		fmt.Printf("partition %d: %d settled, %d chunks, closing hash %x, %.2f s\n", chain.partition,
			chain.settled, chain.number, chain.hash, seconds)
	}
	return nil
}

func main() {
	s, err := parse()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(64)
	}
	debug.SetGCPercent(s.gcPercent)
	if err := run(&s); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(70)
	}
}
