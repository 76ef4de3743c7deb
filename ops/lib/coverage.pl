# coverage.pl: what gcov counted, as a table and a list of what was not taken. For ops/coverage.
#
#     perl coverage.pl SOURCE LEVELS <what `gcov -b -c -t` said of every object
#
# LEVELS: lines "FOLDER LINES BRANCHES", the least per mille of lines and branches of engine/FOLDER
# that are taken or excused. Exit 1: below a level, or an excuse that nothing needs any more.
use strict;
use warnings;

my ($source, $levels_file) = @ARGV;
my (%lines, %branches); # {file}{line} = times; {file}{line} = [times]

sub read_levels {
    my %levels;
    open my $in, '<', $_[0] or die "$_[0]: $!\n";
    while (<$in>) {
        next if /^\s*(#|$)/;
        /^(\w+) (\d+) (\d+)$/ or die "$_[0]:$.: FOLDER LINES BRANCHES is expected\n";
        $levels{$1} = [$2, $3];
    }
    return %levels;
}

# Objects are many, and inline functions stand in several: their counts add up.
sub read_gcov {
    my ($file, $line, $at);
    while (<STDIN>) {
        if (/^ +-: +0:Source:(.*)$/) {
            $file = $1 =~ m{^\Q$source\E/(engine/\w+/\w+\.[ch])$} ? $1 : undef;
        } elsif (!defined $file) {
            next;
        } elsif (/^ *([^:]+?): *(\d+):/) {
            ($line, $at) = ($2, 0);
            next if $line == 0 || $1 eq '-';
            $lines{$file}{$line} += $1 =~ /^(\d+)\*?$/ ? $1 : 0;
        } elsif (/^branch +\d+ (never executed|taken (\d+))/) {
            $branches{$file}{$line}[$at++] += $2 // 0;
        }
    }
}

# Lines of CHECKs, which state what cannot be, and excuses: line => why.
sub read_source {
    my ($file) = @_;
    my (@code, %checks, %excuses, %parts);
    open my $in, '<', "$source/$file" or die "$file: $!\n";
    while (<$in>) {
        push @code, $_;
        if (m{// uncovered: (\S.*)$}) {
            # Alone on its line it speaks of the next one.
            $excuses{m{^\s*//} ? $. + 1 : $.} = [$1, $.];
        }
    }
    # Of a case: down to where it ends.
    for my $line (keys %excuses) {
        next unless $code[$line - 1] =~ /^\s*case /;
        for (my $i = $line; $i < @code && $code[$i - 1] !~ /^\s*(break|return)\b/; $i++) {
            $parts{$i + 1} = $line;
        }
    }
    for (my $i = 0; $i < @code; $i++) {
        next unless $code[$i] =~ /\bCHECK(_SLOW)?\(/;
        my $open = 0;
        for (my $j = $i; $j < @code; $j++) {
            my $text = $code[$j] =~ s{"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'}{}gr;
            $text =~ s/^.*?(?=\bCHECK)// if $j == $i;
            $checks{$j + 1} = 1;
            $open += ($text =~ tr/(//) - ($text =~ tr/)//);
            last if $open <= 0;
        }
    }
    return (\@code, \%checks, \%excuses, \%parts);
}

my %levels = read_levels($levels_file);
read_gcov();
my (%sum, @open, $bad);
printf "%-34s %6s %6s  %6s %6s  %7s\n", 'file', 'lines', 'of', 'branch', 'of', 'excused';
for my $file (sort keys %lines) {
    my ($folder) = $file =~ m{^engine/(\w+)/};
    next unless $levels{$folder};
    my ($code, $checks, $excuses, $parts) = read_source($file);
    my ($taken, $all, $branch_taken, $branch_all, $excused) = (0, 0, 0, 0, 0);
    for my $line (sort { $a <=> $b } keys %{$lines{$file}}) {
        next if $checks->{$line};
        my @times = @{$branches{$file}{$line} // []};
        my $zeros = grep { $_ == 0 } @times;
        # Every case of an enum is listed, so the way past all of them is never taken.
        if ($zeros > 0 && $code->[$line - 1] =~ /^\s*switch \(/) {
            $zeros--;
            pop @times;
        }
        my $missing = $lines{$file}{$line} == 0 || $zeros > 0;
        next if $missing && $parts->{$line};
        my $excuse = delete $excuses->{$line};
        if ($excuse && !$missing) {
            push @open, "$file:$excuse->[1]: the excuse is not needed any more: $excuse->[0]";
            $bad = 1;
        } elsif ($excuse) {
            $excused++;
            $zeros = 0;
        } elsif ($missing) {
            my $what = $lines{$file}{$line} == 0 ? 'never run' : "$zeros not taken";
            push @open, "$file:$line: $what: " . $code->[$line - 1] =~ s/^\s+|\s+$//gr;
        }
        $all++;
        $taken++ if $lines{$file}{$line} > 0 || $excuse;
        $branch_all += @times;
        $branch_taken += @times - $zeros;
    }
    for my $line (sort { $a <=> $b } keys %$excuses) {
        push @open, "$file:$excuses->{$line}[1]: the excuse stands where no code is";
        $bad = 1;
    }
    printf "%-34s %6d %6d  %6d %6d  %7d\n", $file, $taken, $all, $branch_taken, $branch_all,
        $excused;
    my $at = $sum{$folder} //= [0, 0, 0, 0, 0];
    my @add = ($taken, $all, $branch_taken, $branch_all, $excused);
    $at->[$_] += $add[$_] for 0 .. 4;
}
print "\n", map { "$_\n" } @open, '';
for my $folder (sort keys %levels) {
    my @at = @{$sum{$folder} // [0, 1, 0, 1, 0]};
    my @level = (int(1000 * $at[0] / $at[1]), int(1000 * $at[2] / ($at[3] || 1)));
    printf "%-10s lines %5.1f %%, branches %5.1f %%, %d excused\n", $folder, $level[0] / 10,
        $level[1] / 10, $at[4];
    for my $i (0, 1) {
        my $what = ('lines', 'branches')[$i];
        if ($level[$i] < $levels{$folder}[$i]) {
            printf "%s: %s were at %.1f %%: add tests, or excuse what cannot be taken\n", $folder,
                $what, $levels{$folder}[$i] / 10;
            $bad = 1;
        } elsif ($level[$i] > $levels{$folder}[$i]) {
            print "$folder: $what may be raised to $level[$i] in $levels_file\n";
        }
    }
}
exit($bad ? 1 : 0);
