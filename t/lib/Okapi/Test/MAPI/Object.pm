package Okapi::Test::MAPI::Object;

# What handles of the MAPI test client refer to: logons, folders, tables, messages, attachments,
# streams and subscriptions.

use strict;
use warnings;

use Carp qw(croak);

use Okapi::Test::Props qw(tag tag_name);
use Okapi::Test::Wire ();

sub new {
    my ($class, $mapi, $handle, $logon_id) = @_;
    return bless { mapi => $mapi, handle => $handle, logon_id => $logon_id }, $class;
}

# One ROP on this object; its response, even if it failed.
sub try {
    my ($self, $rop, $fields, %args) = @_;
    my @handles = ($self->{handle}, Okapi::Test::MAPI::NO_HANDLE());
    my ($response) = $self->{mapi}->execute(\@handles,
        [[$rop => { logon_id => $self->{logon_id}, in => 0, response => 0, out => 1,
                    %{ $fields || {} } }]], %args);
    $response->{out_handle} = $handles[1] if $response;
    return $response;
}

# Likewise, but dies with its error.
sub call {
    my ($self, $rop, $fields) = @_;
    my $response = $self->try($rop, $fields);
    croak sprintf 'Rop%s: 0x%08X', $rop, $response->{status}
        if !Okapi::Test::Rops::succeeded($response->{status});
    return $response;
}

# A ROP that makes an object, of CLASS; its response is in {response}.
sub open {
    my ($self, $class, $rop, $fields) = @_;
    my $response = $self->call($rop, $fields);
    my $object = "Okapi::Test::MAPI::$class"->new($self->{mapi}, $response->{out_handle},
        $self->{logon_id});
    $object->{response} = $response;
    return $object;
}

# For RopLogon, which has no input: its handle is put into this object.
sub make {
    my ($self, $rop, $fields) = @_;
    my $response = $self->call($rop, $fields);
    $self->{handle} = $response->{out_handle};
    return $response;
}

sub release {
    my ($self) = @_;
    $self->{mapi}->execute([$self->{handle}], [[Release => { logon_id => $self->{logon_id} }]]);
    return;
}

# ---- properties ----

# A hash of the named properties; what isn't there is a false PT_ERROR value.
sub properties {
    my ($self, @tags) = @_;
    my $response = $self->call('GetPropertiesSpecific',
        { property_size_limit => 0, want_unicode => 1, property_tags => \@tags });
    return $response->{row_data}[0];
}

sub property { my ($self, $tag) = @_; return $self->properties($tag)->{$tag} }

# By name where it has one, else by number.
sub all_properties {
    my ($self) = @_;
    my $response = $self->call('GetPropertiesAll', { property_size_limit => 0, want_unicode => 1 });
    return { map { tag_name($_->[0]) => $_->[1] } @{ $response->{property_values} } };
}

sub property_list { my ($self) = @_; return @{ $self->call('GetPropertiesList')->{property_tags} } }

sub open_stream {
    my ($self, $tag, $mode) = @_;
    return $self->open('Stream', 'OpenStream',
        { property_tag => $tag, open_mode_flags => $mode // 0 });
}

# The whole of a property, through a stream: bytes, or text if it is PT_UNICODE.
sub stream_all {
    my ($self, $tag) = @_;
    my $stream = $self->open_stream($tag);
    my $bytes = $stream->read_all;
    $stream->release;
    return (tag($tag) & 0xFFFF) == 0x1F ? Encode::decode('UTF-16LE', $bytes) : $bytes;
}

# ---- names ----

sub ids_of_names {
    my ($self, $create, @names) = @_;
    return @{ $self->call('GetPropertyIdsFromNames',
            { flags => $create ? 2 : 0, property_names => \@names })->{property_ids} };
}

sub names_of_ids {
    my ($self, @ids) = @_;
    return @{ $self->call('GetNamesFromPropertyIds', { property_ids => \@ids })->{property_names} };
}

# ---- logons ----

package Okapi::Test::MAPI::Logon;

our @ISA = ('Okapi::Test::MAPI::Object');

my @special = qw(root deferred_action spooler_queue ipm_subtree inbox outbox sent deleted
    common_views schedule finder views shortcuts);

sub become {
    my ($self, $response) = @_;
    $self->{response} = $response;
    @{ $self->{special} }{@special} = @{ $response->{folder_ids} };
    return $self;
}

sub open_folder {
    my ($self, $fid) = @_;
    my $folder = $self->open('Folder', 'OpenFolder', { folder_id => $fid, open_mode_flags => 0 });
    $folder->{fid} = $fid;
    return $folder;
}

sub open_special { my ($self, $name) = @_; return $self->open_folder($self->{special}{$name}) }

sub open_message {
    my ($self, $fid, $mid, %fields) = @_;
    return $self->open('Message', 'OpenMessage', { code_page_id => 0x0FFF, folder_id => $fid,
        open_mode_flags => 0, message_id => $mid, %fields });
}

sub subscribe {
    my ($self, $types, %scope) = @_;
    return $self->open('Object', 'RegisterNotification', { notification_types => $types,
        reserved => 0, want_whole_store => %scope ? 0 : 1, folder_id => 0, message_id => 0,
        %scope });
}

package Okapi::Test::MAPI::PublicLogon;

our @ISA = ('Okapi::Test::MAPI::Logon');

sub become {
    my ($self, $response) = @_;
    $self->{response} = $response;
    @{ $self->{special} }{qw(root ipm_subtree non_ipm_subtree eforms freebusy offline)} =
        @{ $response->{folder_ids} };
    return $self;
}

# ---- folders ----

package Okapi::Test::MAPI::Folder;

our @ISA = ('Okapi::Test::MAPI::Object');

use Carp qw(croak);

sub contents {
    my ($self, $flags) = @_;
    return $self->open('Table', 'GetContentsTable', { table_flags => $flags // 0 });
}

sub hierarchy {
    my ($self, $flags) = @_;
    return $self->open('Table', 'GetHierarchyTable', { table_flags => $flags // 0 });
}

sub open_folder { goto &Okapi::Test::MAPI::Logon::open_folder }

# A new folder below it. Fields: folder_type (2: a search folder), comment, open_existing.
sub creation {
    my ($name, %fields) = @_;
    return { folder_type => 1, use_unicode_strings => 1, open_existing => 0, reserved => 0,
        display_name => $name, comment => '', %fields };
}

sub try_create { my ($self, @args) = @_; return $self->try('CreateFolder', creation(@args)) }

sub create_folder {
    my ($self, @args) = @_;
    my $folder = $self->open('Folder', 'CreateFolder', creation(@args));
    $folder->{fid} = $folder->{response}{folder_id};
    return $folder;
}

# Its criteria, if it is a search folder.
sub try_search {
    my ($self, $restriction, $fids, $flags) = @_;
    return $self->try('SetSearchCriteria', { restriction => $restriction, folder_ids => $fids,
        search_flags => $flags });
}

sub set_search {
    my ($self, @args) = @_;
    my $response = $self->try_search(@args);
    Carp::croak(sprintf 'RopSetSearchCriteria: 0x%08X', $response->{status}) if $response->{status};
    return $self;
}

sub wanted { return { use_unicode => 1, include_restriction => 1, include_folders => 1, @_ } }
sub try_criteria { my ($self, @args) = @_; return $self->try('GetSearchCriteria', wanted(@args)) }
sub criteria { my ($self, @args) = @_; return $self->call('GetSearchCriteria', wanted(@args)) }

# A ROP from this folder to the folder TO.
sub try_to {
    my ($self, $to, $rop, $fields) = @_;
    my @handles = ($self->{handle}, $to->{handle});
    my ($response) = $self->{mapi}->execute(\@handles, [[$rop => { logon_id => $self->{logon_id},
        in => 0, dest => 1, want_asynchronous => 0, %$fields }]]);
    return $response;
}

sub try_move {
    my ($self, $to, $copy, @mids) = @_;
    return $self->try_to($to, 'MoveCopyMessages', { message_ids => \@mids, want_copy => $copy });
}

sub move_messages {
    my ($self, $to, @mids) = @_;
    my $response = $self->try_move($to, 0, @mids);
    Carp::croak(sprintf 'RopMoveCopyMessages: 0x%08X', $response->{status}) if $response->{status};
    return $response;
}

sub rules {
    my ($self, $flags) = @_;
    return $self->open('Table', 'GetRulesTable', { table_flags => $flags // 0x40 });
}

# With 2 the free/busy rights are in it, too.
sub permissions {
    my ($self, $flags) = @_;
    return $self->open('Table', 'GetPermissionsTable', { table_flags => $flags // 0 });
}

# A folder below this one by its name.
sub open_child {
    my ($self, $name) = @_;
    my ($row) = grep { $_->{PR_DISPLAY_NAME} eq $name }
        $self->hierarchy->columns(qw(PR_FID PR_DISPLAY_NAME))->all_rows;
    croak "no folder $name" if !$row;
    return $self->open_folder($row->{PR_FID});
}

# ---- tables ----

package Okapi::Test::MAPI::Table;

our @ISA = ('Okapi::Test::MAPI::Object');

sub count { my ($self) = @_; return $self->{response}{row_count} }

sub columns {
    my ($self, @tags) = @_;
    $self->call('SetColumns', { set_columns_flags => 0, property_tags => \@tags });
    return $self;
}

# "PR_SUBJECT" ascends, "-PR_SUBJECT" descends; "max PR_SUBJECT" sorts the categories before it.
sub sort {
    my ($self, @keys) = @_;
    $self->call('SortTable', { sort_table_flags => 0,
        sort_orders => { keys => [Okapi::Test::Props::sort_keys(@keys)] } });
    return $self;
}

# Likewise with the first keys as categories, some of them expanded.
sub categorise {
    my ($self, $categories, $expanded, @keys) = @_;
    $self->call('SortTable', { sort_table_flags => 0, sort_orders => { categories => $categories,
        expanded => $expanded, keys => [Okapi::Test::Props::sort_keys(@keys)] } });
    return $self;
}

# As Okapi::Test::Props has them; none lifts it.
sub restrict {
    my ($self, $restriction) = @_;
    $self->call('Restrict', { restrict_flags => 0, restriction => $restriction });
    return $self;
}

# Up to N rows from the cursor, backwards if N is negative; as many as one response holds.
sub rows {
    my ($self, $n, %args) = @_;
    my $response = $self->call('QueryRows', { query_rows_flags => $args{keep_cursor} ? 1 : 0,
        forward_read => $n >= 0 ? 1 : 0, row_count => abs $n });
    $self->{origin} = $response->{origin};
    return @{ $response->{row_data} };
}

sub all_rows {
    my ($self) = @_;
    my @rows;
    while (my @more = $self->rows(1000)) {
        push @rows, @more;
    }
    return @rows;
}

# [numerator, denominator]
sub position {
    my ($self) = @_;
    my $response = $self->call('QueryPosition');
    return [@{$response}{qw(numerator denominator)}];
}

# From 0 the beginning, 1 the cursor, 2 the end; how many rows it moved.
sub seek {
    my ($self, $origin, $count) = @_;
    my $response = $self->call('SeekRow',
        { origin => $origin, row_count => $count, want_row_moved_count => 1 });
    return $response->{rows_sought};
}

sub seek_fraction {
    my ($self, $numerator, $denominator) = @_;
    $self->call('SeekRowFractional', { numerator => $numerator, denominator => $denominator });
    return $self;
}

sub bookmark { my ($self) = @_; return $self->call('CreateBookmark')->{bookmark} }

sub seek_bookmark {
    my ($self, $bookmark, $count) = @_;
    return $self->call('SeekRowBookmark',
        { bookmark => $bookmark, row_count => $count // 0, want_row_moved_count => 1 });
}

# The row, or undef if there is none. Options: origin, backward, bookmark.
sub find {
    my ($self, $restriction, %args) = @_;
    my $response = $self->try('FindRow', { find_row_flags => $args{backward} ? 1 : 0,
        restriction => $restriction, origin => $args{origin} // 0,
        bookmark => $args{bookmark} // '' });
    return undef if $response->{status} == 0x8004010F;
    Carp::croak(sprintf 'RopFindRow: 0x%08X', $response->{status}) if $response->{status};
    return $response->{row_data}[0];
}

# ---- messages ----

package Okapi::Test::MAPI::Message;

our @ISA = ('Okapi::Test::MAPI::Object');

# All of them, decoded, however many fitted into the response that opened the message; each has
# its row_id and recipient_type too.
sub recipients {
    my ($self) = @_;
    my $columns = $self->{response}{summary}{recipient_columns};
    my @rows;
    while (@rows < $self->{response}{summary}{recipient_count}) {
        my $next = @rows ? $rows[-1]{row_id} + 1 : 0;
        my $response = $self->call('ReadRecipients', { row_id => $next, reserved => 0 });
        push @rows, map { decoded($_, $columns) } @{ $response->{recipient_rows} };
    }
    return @rows;
}

# Those that the response brought along.
sub first_recipients {
    my ($self) = @_;
    my $summary = $self->{response}{summary};
    return map { decoded($_, $summary->{recipient_columns}) } @{ $summary->{recipient_rows} };
}

sub decoded {
    my ($row, $columns) = @_;
    my @names = map { Okapi::Test::Props::tag_name($_) } @$columns;
    return { %$row, %{ Okapi::Test::Rops::get_recipient_row($row->{recipient_row}, \@names) } };
}

sub attachments {
    my ($self) = @_;
    return $self->open('Table', 'GetAttachmentTable', { table_flags => 0 });
}

sub open_attachment {
    my ($self, $num) = @_;
    return $self->open('Attachment', 'OpenAttachment',
        { open_attachment_flags => 0, attachment_id => $num });
}

# ---- attachments ----

package Okapi::Test::MAPI::Attachment;

our @ISA = ('Okapi::Test::MAPI::Object');

sub open_embedded {
    my ($self) = @_;
    return $self->open('Message', 'OpenEmbeddedMessage',
        { code_page_id => 0x0FFF, open_mode_flags => 0 });
}

# ---- streams ----

package Okapi::Test::MAPI::Stream;

our @ISA = ('Okapi::Test::MAPI::Object');

sub size { my ($self) = @_; return $self->call('GetStreamSize')->{stream_size} }

# Up to N bytes from the position; more than a response holds comes in pieces.
sub read {
    my ($self, $n) = @_;
    my %count = $n > 0xBABD ? (byte_count => 0xBABE, maximum_byte_count => $n) : (byte_count => $n);
    return $self->call('ReadStream', \%count)->{data};
}

sub read_all {
    my ($self) = @_;
    my ($bytes, $piece) = ('');
    $bytes .= $piece while length($piece = $self->read(0x10000));
    return $bytes;
}

# From 0 the beginning, 1 the position, 2 the end; the new position.
sub seek {
    my ($self, $origin, $offset) = @_;
    return $self->call('SeekStream', { origin => $origin, offset => $offset })->{new_position};
}

1;
