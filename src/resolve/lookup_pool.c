/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of questions and a list of answers under one lock; a pipe wakes the loop. An answer stays
 * with its thread until there is room for it, so none is lost, and no thread ever holds the lock
 * while it asks. */
#include "resolve/lookup_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memory.h"

#define DONE_MAX LOOKUPS_MAX

struct task {
        struct lookup_question question;
        char text[LOOKUP_TEXT_MAX + 1];
};

struct lookup_pool {
        struct loop *loop;
        struct loop_source *source;
        lookup_pool_work *work;
        lookup_pool_done *done;
        void *user;
        int wake[2];          /* a pipe: threads write, the loop reads */
        pthread_mutex_t lock; /* of all below */
        pthread_cond_t asked; /* or: it is the end */
        pthread_cond_t room;
        struct task waiting[LOOKUP_POOL_QUEUE_MAX];
        size_t waiting_first;
        size_t waiting_count;
        struct system_lookup ready[DONE_MAX];
        size_t ready_count;
        bool ends;
        pthread_t *threads;
        size_t thread_count;
};

/* Waits for a question. Returns whether there is one. */
static bool take_task(struct lookup_pool *pool, struct task *ret) {
        (void)pthread_mutex_lock(&pool->lock);
        while (!pool->ends && pool->waiting_count == 0)
                (void)pthread_cond_wait(&pool->asked, &pool->lock);
        bool found = !pool->ends;
        if (found) {
                *ret = pool->waiting[pool->waiting_first];
                pool->waiting_first = (pool->waiting_first + 1) % LOOKUP_POOL_QUEUE_MAX;
                pool->waiting_count--;
        }
        (void)pthread_mutex_unlock(&pool->lock);
        ret->question.text.data = ret->text;
        return found;
}

/* The text has moved with its struct. */
static void rebase(struct system_lookup *lookup) {
        if (lookup->answer.text.data)
                lookup->answer.text.data = lookup->text;
}

static void give(struct lookup_pool *pool, const struct system_lookup *lookup) {
        (void)pthread_mutex_lock(&pool->lock);
        while (!pool->ends && pool->ready_count == DONE_MAX)
                (void)pthread_cond_wait(&pool->room, &pool->lock);
        if (!pool->ends) {
                pool->ready[pool->ready_count] = *lookup;
                rebase(&pool->ready[pool->ready_count++]);
                if (pool->ready_count == 1 && write(pool->wake[1], "", 1) < 0)
                        errno = 0; /* full: then the loop is woken anyway */
        }
        (void)pthread_mutex_unlock(&pool->lock);
}

static void *run(void *user) {
        struct lookup_pool *pool = user;
        struct task task;
        struct system_lookup lookup;
        while (take_task(pool, &task)) {
                pool->work(&task.question, &lookup);
                give(pool, &lookup);
        }
        return NULL;
}

static void on_wake(void *user, int fd, uint32_t events) {
        struct lookup_pool *pool = user;
        char bytes[64];
        struct system_lookup taken[DONE_MAX];
        (void)events;
        while (read(fd, bytes, sizeof(bytes)) > 0)
                ;
        (void)pthread_mutex_lock(&pool->lock);
        size_t count = pool->ready_count;
        memcpy(taken, pool->ready, count * sizeof(taken[0]));
        pool->ready_count = 0;
        (void)pthread_cond_broadcast(&pool->room);
        (void)pthread_mutex_unlock(&pool->lock);
        for (size_t i = 0; i < count; i++) {
                rebase(&taken[i]);
                pool->done(pool->user, &taken[i].answer);
        }
}

static size_t start_threads(struct lookup_pool *pool, size_t wanted) {
        pool->threads = memory_new_array(wanted, sizeof(*pool->threads));
        while (pool->thread_count < wanted) {
                int r = pthread_create(&pool->threads[pool->thread_count], NULL, run, pool);
                if (r != 0) {
                        errno = r;
                        break; /* fewer will do */
                }
                pool->thread_count++;
        }
        return pool->thread_count;
}

struct lookup_pool *lookup_pool_new(struct loop *loop, size_t threads, lookup_pool_work *work,
        lookup_pool_done *done, void *user) {
        struct lookup_pool *pool = memory_new(sizeof(*pool));
        *pool = (struct lookup_pool){
                .loop = loop, .work = work, .done = done, .user = user, .wake = {-1, -1}
        };
        (void)pthread_mutex_init(&pool->lock, NULL);
        (void)pthread_cond_init(&pool->asked, NULL);
        (void)pthread_cond_init(&pool->room, NULL);
        if (pipe2(pool->wake, O_CLOEXEC | O_NONBLOCK) == 0)
                pool->source = loop_add(loop, pool->wake[0], EPOLLIN, on_wake, pool);
        if (pool->source && start_threads(pool, threads) > 0)
                return pool;
        int error = errno;
        pool = lookup_pool_free(pool);
        errno = error;
        return pool;
}

struct lookup_pool *lookup_pool_free(struct lookup_pool *pool) {
        if (!pool)
                return NULL;
        (void)pthread_mutex_lock(&pool->lock);
        pool->ends = true;
        (void)pthread_cond_broadcast(&pool->asked);
        (void)pthread_cond_broadcast(&pool->room);
        (void)pthread_mutex_unlock(&pool->lock);
        for (size_t i = 0; i < pool->thread_count; i++)
                (void)pthread_join(pool->threads[i], NULL);
        loop_remove(pool->loop, pool->source);
        close_p(&pool->wake[0]);
        close_p(&pool->wake[1]);
        (void)pthread_cond_destroy(&pool->asked);
        (void)pthread_cond_destroy(&pool->room);
        (void)pthread_mutex_destroy(&pool->lock);
        free(pool->threads);
        free(pool);
        return NULL;
}

int lookup_pool_ask(struct lookup_pool *pool, const struct lookup_question *question) {
        int r = -ENOBUFS;
        (void)pthread_mutex_lock(&pool->lock);
        if (pool->waiting_count < LOOKUP_POOL_QUEUE_MAX) {
                struct task *task = &pool->waiting[(pool->waiting_first + pool->waiting_count++) %
                                                   LOOKUP_POOL_QUEUE_MAX];
                task->question = *question;
                memcpy(task->text, question->text.data, question->text.len);
                (void)pthread_cond_signal(&pool->asked);
                r = 0;
        }
        (void)pthread_mutex_unlock(&pool->lock);
        return r;
}
