package io.sluice.app;

import io.sluice.buffer.DeadLetter;
import io.sluice.buffer.DeadLetterReader;
import io.sluice.buffer.DeadLetterStore;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The dead letters of one state directory, walked through by a command.
 *
 * @param directory the state directory
 */
record LetterFolder(Path directory, DeadLetterStore store) {

    /**
     * What a walk has met.
     *
     * @param letters all of them
     * @param chosen of those
     * @param unreadable lines that are no letter
     */
    record Walk(long letters, long chosen, long unreadable) {}

    static LetterFolder of(Path directory) {
        return new LetterFolder(directory, new DeadLetterStore(directory));
    }

    /** Hands over every letter that is chosen, the oldest first. */
    Walk walk(Predicate<DeadLetter> chosen, Consumer<DeadLetter> each) throws IOException {
        long letters = 0;
        long handedOver = 0;
        long unreadable = 0;
        for (Path file : store.files()) {
            try (DeadLetterReader reader = store.read(file)) {
                for (Optional<DeadLetter> next = reader.next();
                        next.isPresent();
                        next = reader.next()) {
                    letters++;
                    if (chosen.test(next.get())) {
                        handedOver++;
                        each.accept(next.get());
                    }
                }
                unreadable += reader.unreadable();
            }
        }
        return new Walk(letters, handedOver, unreadable);
    }

    /** Says what was passed over, if anything. */
    void warn(Walk walk, PrintWriter errors) {
        if (walk.unreadable() > 0) {
            errors.println(
                    "sluice: "
                            + walk.unreadable()
                            + (walk.unreadable() == 1 ? " line in " : " lines in ")
                            + directory.resolve("dead-letters")
                            + " can be read as no letter; look at the files");
            errors.flush();
        }
    }

    /** What to say when the disk refuses. */
    String refusal(IOException failure) {
        return "sluice: the dead letters in " + directory + " cannot be used: " + failure;
    }

    static String counted(long letters) {
        return letters + (letters == 1 ? " letter" : " letters");
    }
}
