package io.sluice.sidecar;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** From what is wanted to the sources that do it: all files by one thread, all sockets by one. */
final class SourceFactory {
    /** Of all begun lines and open records together, beside the first few KiB of each. */
    private static final long LEAST_HELD_BYTES = 4L << 20;

    private final Options options;
    private final Optional<Positions> positions;
    private final Outlets outlets;
    private final Activity activity;
    private final Duration patience;
    private final HeldBytes room;

    /**
     * @param patience a path that is not there by then is spoken of
     */
    SourceFactory(
            Options options,
            Optional<Positions> positions,
            Outlets outlets,
            Activity activity,
            Duration patience) {
        this.options = options;
        this.positions = positions;
        this.outlets = outlets;
        this.activity = activity;
        this.patience = patience;
        this.room = new HeldBytes(Math.max(LEAST_HELD_BYTES, 2L * options.maxLineBytes()));
    }

    List<Source> sources() {
        List<FileSource.Followed> followed = new ArrayList<>();
        List<Options.Wanted> sockets = new ArrayList<>();
        List<Source> others = new ArrayList<>();
        for (Options.Wanted wanted : options.sources()) {
            Style style = wanted.style();
            switch (wanted.address()) {
                case Address.LogFiles(var path) ->
                        followed.add(new FileSource.Followed(path, style));
                case Address.Tcp _, Address.Udp _, Address.UnixStream _ -> sockets.add(wanted);
                case Address.Pipe(var path) ->
                        others.add(new PipeSource(path, shaper(wanted), patience));
                case Address.UnixDatagram(var path) ->
                        others.add(new UnixDatagramSource(path, shaper(wanted), Optional.empty()));
                case Address.Syslog(var path) ->
                        others.add(
                                new UnixDatagramSource(
                                        path, shaper(wanted), Optional.of(style.priority())));
                case Address.RunningJournal _ -> others.add(journal(wanted, Optional.empty()));
                case Address.JournalFolder(var path) ->
                        others.add(journal(wanted, Optional.of(path)));
            }
        }
        List<Source> sources = new ArrayList<>();
        if (!followed.isEmpty()) {
            sources.add(
                    new FileSource(
                            followed,
                            positions.map(Positions::files).orElse(Map.of()),
                            outlets,
                            room,
                            activity,
                            patience));
        }
        if (!sockets.isEmpty()) {
            sources.add(new SocketSource(sockets, outlets, room, activity));
        }
        sources.addAll(others);
        return sources;
    }

    private JournalSource journal(Options.Wanted wanted, Optional<java.nio.file.Path> folder) {
        String name = wanted.address().text();
        return new JournalSource(
                name,
                folder,
                wanted.matches(),
                positions.flatMap(kept -> kept.cursor(name)),
                shaper(wanted));
    }

    private LineShaper shaper(Options.Wanted wanted) {
        return new LineShaper(wanted.style(), wanted.address().text(), outlets, room, activity);
    }
}
