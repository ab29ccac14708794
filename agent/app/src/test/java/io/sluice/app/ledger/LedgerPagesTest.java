package io.sluice.app.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.buffer.Amount;
import io.sluice.buffer.LedgerEntry;
import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.buffer.LedgerEntry.State;
import io.sluice.tail.Loss;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

/** The ledger for programs and for people. */
class LedgerPagesTest {
    private static final SourceBooks CART =
            new SourceBooks(
                    new LedgerEntry(
                            "shop_cart-1_uid-1/app",
                            State.LIVE,
                            new Amount(10_000, 100),
                            new Amount(1_000, 10),
                            3,
                            new Amount(7_000, 70),
                            5,
                            6,
                            new Amount(200, 2),
                            Map.of(
                                    Drop.BUFFER_DROPPED,
                                    new Amount(500, 5),
                                    Drop.DEAD_LETTERS_DROPPED,
                                    new Amount(100, 1)),
                            List.of(new Loss(Loss.Cause.ROTATED_UNREAD, 44, true)),
                            0,
                            0),
                    2_048,
                    true,
                    250.9);
    private static final Books BOOKS = new Books(List.of(CART), CART);

    @Test
    void theJsonHasEveryFigureAndBalances() {
        String json = LedgerPages.json(BOOKS).toString();

        String figures =
                "\"writtenBytes\":12092,\"readBytes\":10000,\"readRecords\":100,"
                        + "\"backlogBytes\":2048,\"backlogAtLeast\":true,"
                        + "\"lostUnreadBytes\":44,\"lostUnreadAtLeast\":true,"
                        + "\"lostUnread\":[{\"cause\":\"rotated_unread\",\"bytes\":44,"
                        + "\"atLeast\":true}],\"deliveredBytes\":7000,\"deliveredRecords\":70,"
                        + "\"alreadyThereRecords\":5,\"repairedRecords\":6,"
                        + "\"filteredBytes\":1000,\"filteredRecords\":10,"
                        + "\"deadLetteredBytes\":200,\"deadLetteredRecords\":2,"
                        + "\"droppedBytes\":600,\"droppedRecords\":6,"
                        + "\"drops\":[{\"cause\":\"buffer_dropped\",\"bytes\":500,\"records\":5},"
                        + "{\"cause\":\"dead_letters_dropped\",\"bytes\":100,\"records\":1}],"
                        + "\"inFlightBytes\":1200,\"inFlightRecords\":12,"
                        + "\"truncatedRecords\":3,\"losesInSeconds\":250}";
        assertThat(json)
                .isEqualTo(
                        "{\"total\":{"
                                + figures
                                + ",\"sources\":[{\"source\":\"shop_cart-1_uid-1/app\","
                                + "\"namespace\":\"shop\",\"state\":\"live\","
                                + figures
                                + "]}");
    }

    @Test
    void theTableSaysTheEquationsAndWhenLinesWillBeLost() {
        String table = LedgerTable.of(BOOKS);

        assertThat(table.lines().map(line -> line.strip().replaceAll(" +", " ")))
                .contains(
                        "written 12,092",
                        "read 10,000 100",
                        "delivered 7,000 70",
                        "in flight 1,200 12",
                        "backlog 2,048, at least",
                        "lost unread 44, at least",
                        "rotated unread 44, at least",
                        "shop_cart-1_uid-1/app live 11.8KiB 9.8KiB 2.0KiB+ 44B+ 6.8KiB 1000B 200B"
                                + " 600B 1.2KiB loses data in 4 m 10 s");
    }

    @Test
    void timesAndSizesAreForPeople() {
        assertThat(LedgerTable.duration(0)).isEqualTo("0 s");
        assertThat(LedgerTable.duration(3_600)).isEqualTo("1 h 0 m");
        assertThat(LedgerTable.duration(200_000)).isEqualTo("2 d 7 h");
        assertThat(LedgerTable.size(1_023)).isEqualTo("1023B");
        assertThat(LedgerTable.size(200L << 30)).isEqualTo("200GiB");
        assertThat(LedgerTable.size(Long.MAX_VALUE)).isEqualTo("8192PiB");
    }
}
