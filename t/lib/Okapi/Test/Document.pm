package Okapi::Test::Document;

# Small documents, made on the fly: PDF, OOXML, OpenDocument.
use strict;
use warnings;

use IO::Compress::Zip qw($ZipError);

# An archive of files, in this order.
sub zip {
    my (@files) = @_;
    my $archive = '';
    my $zip = IO::Compress::Zip->new(\$archive, Name => $files[0]) or die "zip: $ZipError\n";
    while (my ($name, $content) = splice @files, 0, 2) {
        $zip->print($content);
        $zip->newStream(Name => $files[0]) if @files;
    }
    $zip->close or die "zip: $ZipError\n";
    return $archive;
}

# A paragraph of some runs.
sub docx {
    my (@runs) = @_;
    my $text = join '', map {"<w:r><w:t>$_</w:t></w:r>"} @runs;
    return zip('[Content_Types].xml' => '<Types/>', 'word/document.xml' => <<"END");
<?xml version="1.0" encoding="UTF-8"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:body><w:p>$text</w:p></w:body></w:document>
END
}

sub odt {
    my ($text) = @_;
    return zip('mimetype' => 'application/vnd.oasis.opendocument.text', 'content.xml' => <<"END");
<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:text><text:p>$text</text:p></office:text></office:body>
</office:document-content>
END
}

# A page with a line of text.
sub pdf {
    my ($text) = @_;
    my $stream = "BT /F1 24 Tf 72 700 Td ($text) Tj ET";
    my @objects = (
        '<< /Type /Catalog /Pages 2 0 R >>',
        '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R'
            . ' /Resources << /Font << /F1 5 0 R >> >> >>',
        '<< /Length ' . length($stream) . " >>\nstream\n$stream\nendstream",
        '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>');
    my ($pdf, $number, @offsets) = ("%PDF-1.4\n", 0);
    for my $object (@objects) {
        push @offsets, length $pdf;
        $pdf .= ++$number . " 0 obj\n$object\nendobj\n";
    }
    my $xref = length $pdf;
    return $pdf . "xref\n0 6\n0000000000 65535 f \n"
        . join('', map { sprintf "%010d 00000 n \n", $_ } @offsets)
        . "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n$xref\n%%EOF\n";
}

1;
