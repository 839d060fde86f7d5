#pragma once

/// @file
/// All of troupe but what needs CAF's headers (`<troupe/caf.hpp>`).

#include <troupe/actor.hpp>
#include <troupe/as_completed.hpp>
#include <troupe/async_generator.hpp>
#include <troupe/barrier.hpp>
#include <troupe/channel.hpp>
#include <troupe/condition.hpp>
#include <troupe/context.hpp>
#include <troupe/coro.hpp>
#include <troupe/error.hpp>
#include <troupe/event.hpp>
#include <troupe/exception_group.hpp>
#include <troupe/future.hpp>
#include <troupe/gather.hpp>
#include <troupe/lock.hpp>
#include <troupe/loop.hpp>
#include <troupe/once.hpp>
#include <troupe/outcome.hpp>
#include <troupe/queue.hpp>
#include <troupe/rate_limiter.hpp>
#include <troupe/run.hpp>
#include <troupe/rw_lock.hpp>
#include <troupe/select.hpp>
#include <troupe/semaphore.hpp>
#include <troupe/shield.hpp>
#include <troupe/sleep.hpp>
#include <troupe/staggered_race.hpp>
#include <troupe/stream.hpp>
#include <troupe/task.hpp>
#include <troupe/task_group.hpp>
#include <troupe/thread_pool.hpp>
#include <troupe/time_limit.hpp>
#include <troupe/timeout.hpp>
#include <troupe/wait.hpp>
