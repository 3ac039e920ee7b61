// Room: bench. Go beside weft: the same work as the programs in bench, one row at a time, as one line of JSON.
//
//	gobench [-time 0.5s] ROW [PROCS [ARGUMENT...]]
//
// PROCS is GOMAXPROCS; 0 leaves all CPUs. -time is how long a row that counts nanoseconds runs at least.
// Next: measure.go.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"testing"
)

type figures map[string]any

// rows names each row, and the numbers that it takes after PROCS with their defaults.
var rows = map[string]struct {
	run      func(arguments []int) figures
	defaults []int
}{
	"switch":             {func([]int) figures { return yields() }, nil},
	"spawn":              {func(a []int) figures { return spawnAndJoin(a[0]) }, []int{1000}},
	"skynet":             {func([]int) figures { return skynet() }, nil},
	"round_trip":         {func([]int) figures { return roundTrips(receive) }, nil},
	"buffered":           {func(a []int) figures { return buffered(a[0]) }, []int{1}},
	"select_uncontended": {func([]int) figures { return selectUncontended() }, nil},
	"select_contended":   {func([]int) figures { return selectContended() }, nil},
	"mutex":              {func(a []int) figures { return contendedMutex(a[0]) }, []int{1}},
	"deadline":           {func([]int) figures { return armAndCancel() }, nil},
	"sleepers":           {func(a []int) figures { return sleepers(a[0]) }, []int{1_000_000}},
	"hogs":               {func(a []int) figures { return besideHogs(a[0], a[1]) }, []int{8, 3}},
	"hogs_echo":          {func(a []int) figures { return echoBesideHogs(a[0], a[1], a[2]) }, []int{8, 3, 4}},
	"storm":              {func(a []int) figures { return storm(a[0], a[1], a[2]) }, []int{1000, 3, 4}},
	"parked":             {func(a []int) figures { return parked(a[0]) }, []int{1_000_000}},
	"growth":             {func(a []int) figures { return growth(a[0], a[1], a[2]) }, []int{1_000_000, 1, 64}},
	"secure":             {func(a []int) figures { return secure(a[0], a[1]) }, []int{2, 8}},
	"copy":               {func(a []int) figures { return copying(a[0], a[1]) }, []int{1024, 64 << 10}},
	"idle":               {func(a []int) figures { return idle(a[0]) }, []int{10_000}},
	"serve_tcp":          {func([]int) figures { return serveTCP() }, nil},
	"serve_http":         {func([]int) figures { return serveHTTP() }, nil},
	"serve_udp":          {func([]int) figures { return serveUDP() }, nil},
	"serve_unix":         {func([]int) figures { return serveUnix() }, nil},
}

func main() {
	testing.Init() // measure.go uses testing.Benchmark
	time := flag.String("time", "0.5s", "how long a row that counts nanoseconds runs at least")
	flag.Usage = func() { fail("gobench [-time 0.5s] ROW [PROCS [ARGUMENT...]]; ROW is one of %s", rowNames()) }
	flag.Parse()
	must(flag.Set("test.benchtime", *time))
	row, known := rows[flag.Arg(0)]
	if !known {
		fail("there is no row %q, but %s", flag.Arg(0), rowNames())
	}
	numbers := parse(flag.Args()[1:], append([]int{0}, row.defaults...))
	runtime.GOMAXPROCS(numbers[0])
	must(json.NewEncoder(os.Stdout).Encode(row.run(numbers[1:])))
}

// parse returns the defaults, and in place of the first ones what was given.
func parse(given []string, numbers []int) []int {
	if len(given) > len(numbers) {
		fail("%d numbers are too many, %d is the most", len(given), len(numbers))
	}
	for i, text := range given {
		value, err := strconv.Atoi(text)
		if err != nil || value < 0 {
			fail("%q is not a whole number", text)
		}
		numbers[i] = value
	}
	return numbers
}

func rowNames() string {
	var names []string
	for name := range rows {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "gobench: "+format+"\n", values...)
	os.Exit(2)
}
