package io.sluice.elasticsearch;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Random;
import java.util.function.LongConsumer;

/**
 * A bulk endpoint of a known capacity in simulated time: some workers, a queue before them, a time
 * that each request takes. Clients send as much as their limit allows, or at a rate.
 */
final class SimulatedServer {
    private record Event(long atNanos, long number, LongConsumer what) {}

    private record Request(Client client, int bytes, long sentNanos) {}

    private final Random random;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(
                    Comparator.comparingLong(Event::atNanos).thenComparingLong(Event::number));
    private final Queue<Request> queue = new ArrayDeque<>();
    private long eventNumber;
    private int working;
    long nowNanos;

    /** Requests it works on at a time. */
    int workers = 4;

    /** Requests that may wait; beyond that it is busy. */
    int places = Integer.MAX_VALUE;

    /** Of each request. */
    long fixedNanos = 10_000_000;

    double nanosPerByte;

    /** A request takes up to so much times longer, by chance. */
    double unevenness;

    SimulatedServer(long seed) {
        this.random = new Random(seed);
    }

    /** Who sends, and what became of it. */
    final class Client {
        final InFlightLimit limit;
        private final boolean greedy;
        private int underWay;
        int mostUnderWay;
        long answered;
        long answeredBytes;
        long refused;
        int bytes = 1 << 20;
        private boolean paused;

        Client(InFlightLimit limit, boolean greedy) {
            this.limit = limit;
            this.greedy = greedy;
        }

        private void sendAll(long now) {
            while (greedy && !paused && underWay < limit.requests()) {
                send(now);
            }
        }

        private void send(long now) {
            underWay++;
            mostUnderWay = Math.max(mostUnderWay, underWay);
            accept(new Request(this, bytes, now), now);
        }

        private void answered(Request request, long now) {
            limit.answered(underWay, request.bytes, request.sentNanos, now);
            underWay--;
            answered++;
            answeredBytes += request.bytes;
            sendAll(now);
        }

        private void refused(Request request, long now) {
            limit.busy(request.sentNanos, now);
            underWay--;
            refused++;
            paused = true;
            at(
                    now + 50_000_000 + random.nextInt(50_000_000),
                    later -> {
                        paused = false;
                        sendAll(later);
                    });
        }
    }

    /** Sends as much as the limit allows. */
    Client greedy(InFlightLimit limit) {
        Client client = new Client(limit, true);
        at(nowNanos, client::sendAll);
        return client;
    }

    /** Sends one request every so often, if the limit allows. */
    Client steady(InFlightLimit limit, long everyNanos) {
        Client client = new Client(limit, false);
        at(nowNanos, new Beat(client, everyNanos));
        return client;
    }

    private final class Beat implements LongConsumer {
        private final Client client;
        private final long everyNanos;

        Beat(Client client, long everyNanos) {
            this.client = client;
            this.everyNanos = everyNanos;
        }

        @Override
        public void accept(long now) {
            if (client.underWay < client.limit.requests()) {
                client.send(now);
            }
            at(now + everyNanos, this);
        }
    }

    private void accept(Request request, long now) {
        if (working < workers) {
            work(request, now);
        } else if (queue.size() < places) {
            queue.add(request);
        } else {
            at(now + 1_000_000, later -> request.client.refused(request, later));
        }
    }

    private void work(Request request, long now) {
        working++;
        double takes =
                (fixedNanos + nanosPerByte * request.bytes)
                        * (1 + unevenness * random.nextDouble());
        at(
                now + (long) takes,
                done -> {
                    working--;
                    if (working < workers && !queue.isEmpty()) {
                        work(queue.remove(), done);
                    }
                    request.client.answered(request, done);
                });
    }

    private void at(long nanos, LongConsumer what) {
        events.add(new Event(nanos, eventNumber++, what));
    }

    /** Lets that much time pass. */
    void run(long nanos) {
        long end = nowNanos + nanos;
        while (!events.isEmpty() && events.peek().atNanos <= end) {
            Event next = events.remove();
            nowNanos = next.atNanos;
            next.what.accept(nowNanos);
        }
        nowNanos = end;
    }
}
