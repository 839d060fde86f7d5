// The workloads of locks, events, queues and gather on Go: sync.Mutex,
// channels, a channel that is closed.
package main

import (
	"runtime"
	"sync"
	"time"
)

func lock(n int) spent {
	var mutex sync.Mutex
	return measure(func() {
		for i := 0; i < n; i++ {
			mutex.Lock()
			mutex.Unlock()
		}
	})
}

func contended(n int) spent {
	var mutex sync.Mutex
	var all sync.WaitGroup
	all.Add(4)
	return measure(func() {
		for i := 0; i < 4; i++ {
			go func() {
				for j := 0; j < n/4; j++ {
					mutex.Lock()
					runtime.Gosched()
					mutex.Unlock()
				}
				all.Done()
			}()
		}
		all.Wait()
	})
}

func pass(pairs, n int) spent {
	items := make(chan int, 64)
	var all sync.WaitGroup
	all.Add(2 * pairs)
	return measure(func() {
		for i := 0; i < pairs; i++ {
			go func() {
				for j := 0; j < n/pairs; j++ {
					items <- 1
				}
				all.Done()
			}()
			go func() {
				for j := 0; j < n/pairs; j++ {
					<-items
				}
				all.Done()
			}()
		}
		all.Wait()
	})
}

func onTwo(run func(int) spent) func(int) spent {
	return func(n int) spent {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
		return run(n)
	}
}

func queue(n int) spent    { return pass(1, n) }
func queue4x4(n int) spent { return pass(4, n) }

const waiters = 10000

func event(n int) spent {
	var sum spent
	for done := 0; done < n; done += waiters {
		gate := make(chan struct{})
		var ready, all sync.WaitGroup
		ready.Add(waiters)
		all.Add(waiters)
		for i := 0; i < waiters; i++ {
			go func() {
				ready.Done()
				<-gate
				all.Done()
			}()
		}
		ready.Wait()
		time.Sleep(time.Millisecond)
		one := measure(func() {
			close(gate)
			all.Wait()
		})
		sum.cpu += one.cpu
		sum.wall += one.wall
	}
	return sum
}

func pingPong(n int) spent {
	to, back := make(chan int), make(chan int)
	go func() {
		for x := range to {
			back <- x
		}
	}()
	result := measure(func() {
		for i := 0; i < n/2; i++ {
			to <- 1
			<-back
		}
	})
	close(to)
	return result
}

type question struct {
	number int
	answer chan int
}

func ask(n int) spent {
	questions := make(chan question)
	go func() {
		for x := range questions {
			x.answer <- x.number + 1
		}
	}()
	result := measure(func() {
		for i := 0; i < n; i++ {
			x := question{0, make(chan int, 1)}
			questions <- x
			<-x.answer
		}
	})
	close(questions)
	return result
}

func init() {
	calibrated["lock"] = lock
	calibrated["contended"] = contended
	calibrated["queue"] = queue
	calibrated["queue_4x4"] = queue4x4
	calibrated["queue_2"] = onTwo(queue)
	calibrated["queue_4x4_2"] = onTwo(queue4x4)
	calibrated["ping_pong"] = pingPong
	calibrated["ask"] = ask
	fixed["event"] = fixedRun{event, 50 * waiters}
	fixed["gather"] = fixedRun{million, 1000000}
}
