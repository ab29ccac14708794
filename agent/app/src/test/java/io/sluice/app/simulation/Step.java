package io.sluice.app.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * One thing that happens. What it draws comes from its own seed, so that it does the same when
 * steps before it are left out.
 *
 * @param container whom it happens to, where it is a container
 */
record Step(Kind kind, int container, long seed) {

    /** What may happen. */
    enum Kind {
        WRITE(32),
        /** A line in pieces, both written at once. */
        WRITE_SPLIT(5),
        /** The beginning of a line, as a piece of its own. */
        BEGIN_LINE(5),
        END_LINE(5),
        /** A {@code write(2)} that is only half done for now. */
        WRITE_HALF(4),
        /** As the kubelet does: renamed, a new file. */
        ROTATE(8),
        COMPRESS(6),
        /** As logrotate does: copied, truncated in place. */
        COPY_TRUNCATE(3),
        /** As conmon does: another file under the same name, no backup. */
        RENAME_OVER(2),
        TRUNCATE(1),
        DELETE_OLDEST(3),
        RESTART(3),
        DELETE_POD(1),
        /** The wall clock jumps. */
        JUMP(2),
        START_AGENT(6),
        STOP_AGENT(3),
        KILL_AGENT(4),
        /** The power fails: the agent is killed, logs lose their ends, containers start again. */
        POWER_CUT(1),
        /** Some of the buffer is delivered, and some of that acknowledged. */
        DELIVER(10),
        /** All that is there is delivered. */
        CATCH_UP(5);

        private final int weight;

        Kind(int weight) {
            this.weight = weight;
        }
    }

    static List<Step> draw(Random random, int steps, int containers) {
        List<Kind> kinds = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (int i = 0; i < kind.weight; i++) {
                kinds.add(kind);
            }
        }
        List<Step> drawn = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            drawn.add(
                    new Step(
                            kinds.get(random.nextInt(kinds.size())),
                            random.nextInt(containers),
                            random.nextInt()));
        }
        return drawn;
    }

    @Override
    public String toString() {
        return kind + "(" + container + ", " + seed + ")";
    }
}
