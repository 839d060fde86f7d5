// The workloads on Go, with one processor. A goroutine stands for a task; Go
// has no await of a child that does not spawn.
//
//	peer_go WORKLOAD [N]   prints one line of JSON
//	peer_go echo PORT      serves until SIGTERM
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type spent struct{ cpu, wall float64 }

const processCPU = 2 // CLOCK_PROCESS_CPUTIME_ID

func cpuTime() float64 {
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, processCPU,
		uintptr(unsafe.Pointer(&now)), 0)
	return float64(now.Nano())
}

// measure returns what a body costs, in CPU time of the whole process too.
func measure(body func()) spent {
	wall, cpu := time.Now(), cpuTime()
	body()
	return spent{cpuTime() - cpu, float64(time.Since(wall))}
}

// peakBytes is the most memory that the process has had.
func peakBytes() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Maxrss) * 1024
}

func residentBytes() float64 {
	file, err := os.Open("/proc/self/statm")
	if err != nil {
		return 0
	}
	defer file.Close()
	var total, resident int
	fmt.Fscan(bufio.NewReader(file), &total, &resident)
	return float64(resident * os.Getpagesize())
}

// -- goroutines ---------------------------------------------------------------

func spawn(n int) spent {
	return measure(func() {
		for i := 0; i < n; i++ {
			result := make(chan int, 1)
			go func() { result <- 1 }()
			<-result
		}
	})
}

func million(n int) spent {
	return measure(func() {
		results := make([]int, n)
		var all sync.WaitGroup
		all.Add(n)
		for i := range results {
			go func(result *int) {
				*result = 1
				all.Done()
			}(&results[i])
		}
		all.Wait()
	})
}

func parked(n int) float64 {
	gate := make(chan struct{})
	var started, ended sync.WaitGroup
	started.Add(n)
	ended.Add(n)
	runtime.GC()
	debug.FreeOSMemory()
	before := residentBytes()
	for i := 0; i < n; i++ {
		go func() {
			started.Done()
			<-gate
			ended.Done()
		}()
	}
	started.Wait()
	runtime.Gosched()
	after := residentBytes()
	close(gate)
	ended.Wait()
	return after - before
}

func reschedule(n int) spent {
	return measure(func() {
		var both sync.WaitGroup
		both.Add(2)
		for i := 0; i < 2; i++ {
			go func() {
				for j := 0; j < n/2; j++ {
					runtime.Gosched()
				}
				both.Done()
			}()
		}
		both.Wait()
	})
}

// -- time ---------------------------------------------------------------------

func timer(n int) spent {
	sooner := time.AfterFunc(30*time.Minute, func() {})
	defer sooner.Stop()
	return measure(func() {
		for i := 0; i < n; i++ {
			time.AfterFunc(time.Hour, func() {}).Stop()
			if i%64 == 63 {
				runtime.Gosched()
			}
		}
	})
}

func timer0(n int) spent {
	return measure(func() {
		for i := 0; i < n; i++ {
			<-time.NewTimer(0).C
		}
	})
}

func sleeps(n int) spent {
	return measure(func() {
		cancels := make([]chan struct{}, n)
		var all sync.WaitGroup
		all.Add(n)
		for i := range cancels {
			cancels[i] = make(chan struct{})
			go func(i int) {
				delay := time.Duration(i * 7919 % 100000)
				timer := time.NewTimer(delay * time.Microsecond)
				select {
				case <-timer.C:
				case <-cancels[i]:
					timer.Stop()
				}
				all.Done()
			}(i)
		}
		runtime.Gosched()
		for i := 1; i < n; i += 2 {
			close(cancels[i])
		}
		all.Wait()
	})
}

// -- threads ------------------------------------------------------------------

// toThread goes to a goroutine that owns its thread and back, which is as near
// as Go comes to a pool of blocking threads.
func toThread(n int) spent {
	jobs := make(chan func() int)
	results := make(chan int)
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			results <- job()
		}
	}()
	defer close(jobs)
	return measure(func() {
		for i := 0; i < n; i++ {
			jobs <- func() int { return 1 }
			<-results
		}
	})
}

// -- TCP echo -----------------------------------------------------------------

func echo(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, 1024)
	for {
		size, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:size]); err != nil {
			return
		}
	}
}

func serveEcho(port int) {
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go echo(connection)
	}
}

// -----------------------------------------------------------------------------

var calibrated = map[string]func(int) spent{
	"spawn":      spawn,
	"reschedule": reschedule,
	"timer":      timer,
	"timer0":     timer0,
	"to_thread":  toThread,
}

type fixedRun struct {
	run func(int) spent
	n   int
}

var fixed = map[string]fixedRun{
	"million": {million, 1000000},
	"sleeps":  {sleeps, 100000},
}

// calibrate grows n until a run is long enough to tell how many fit into
// 0.4 s. The runs are the warm-up too.
func calibrate(run func(int) spent) int {
	const enough, target = 40e6, 400e6
	n := 16
	for {
		wall := run(n).wall
		if wall >= enough {
			if wall >= target {
				return n
			}
			return int(float64(n) * target / wall)
		}
		factor := 1.2 * enough / wall
		if factor > 50 {
			factor = 50
		}
		n = int(float64(n)*factor) + 1
	}
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: peer_go WORKLOAD [N] | echo PORT")
		os.Exit(2)
	}
	runtime.GOMAXPROCS(1)
	name, n := os.Args[1], 0
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	before := residentBytes()
	show := func(all spent) {
		count := float64(n)
		fmt.Printf(`{"workload": %q, "peer": "go", "n": %d, `+
			`"cpu_ns": %.2f, "wall_ns": %.2f, "peak": %.1f}`+"\n",
			name, n, all.cpu/count, all.wall/count,
			(peakBytes()-before)/count)
	}
	if name == "echo" {
		serveEcho(n)
	} else if name == "parked" {
		if n == 0 {
			n = 100000
		}
		fmt.Printf(`{"workload": "parked", "peer": "go", "n": %d, `+
			`"bytes": %.1f}`+"\n", n, parked(n)/float64(n))
	} else if each, found := fixed[name]; found {
		if n == 0 {
			n = each.n
		}
		show(each.run(n))
	} else if run, found := calibrated[name]; found {
		if n == 0 {
			n = calibrate(run)
		} else {
			run(n/10 + 1) // warm-up
		}
		show(run(n))
	} else {
		fmt.Printf(`{"workload": %q, "peer": "go", "na": true}`+"\n", name)
	}
}
