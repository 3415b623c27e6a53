#define COBJMACROS
#define INITGUID
#include "picture.h"

#include "kept.h"
#include <objbase.h>
#include <wincodec.h>

/* The part of a picture with the proportions width : height, as large as possible. */
static WICRect middle(UINT picture_width, UINT picture_height, int width, int height)
{
    WICRect part = {0, 0, (INT)picture_width, (INT)picture_height};

    if ((double)picture_width * height > (double)width * picture_height)
        part.Width = MulDiv((INT)picture_height, width, height);
    else
        part.Height = MulDiv((INT)picture_width, height, width);
    part.Width = part.Width > 0 ? part.Width : 1;
    part.Height = part.Height > 0 ? part.Height : 1;
    part.X = ((INT)picture_width - part.Width) / 2;
    part.Y = ((INT)picture_height - part.Height) / 2;
    return part;
}

/* Copy 32-bit pixels, top line first, into a new bitmap. */
static HBITMAP to_bitmap(IWICBitmapSource *source, int width, int height)
{
    BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader, .biWidth = width, .biHeight = -height, .biPlanes = 1,
                                     .biBitCount = 32, .biCompression = BI_RGB}};
    void *pixels = NULL;
    HBITMAP bitmap = CreateDIBSection(NULL, &info, DIB_RGB_COLORS, &pixels, NULL, 0);

    if (bitmap != NULL &&
        FAILED(IWICBitmapSource_CopyPixels(source, NULL, (UINT)width * 4, (UINT)(width * height) * 4, pixels))) {
        DeleteObject(bitmap);
        bitmap = NULL;
    }
    return bitmap;
}

/* Objects on the way from a file to pixels. */
struct chain {
    IWICImagingFactory *factory;
    IWICStream *stream;
    IWICBitmapDecoder *decoder;
    IWICBitmapFrameDecode *frame;
    IWICBitmapClipper *clipper;
    IWICBitmapScaler *scaler;
    IWICFormatConverter *converter;
};

static HRESULT decode(struct chain *chain, const void *data, size_t size)
{
    HRESULT result = CoCreateInstance(&CLSID_WICImagingFactory, NULL, CLSCTX_INPROC_SERVER, &IID_IWICImagingFactory,
                                      (void **)&chain->factory);

    if (SUCCEEDED(result))
        result = IWICImagingFactory_CreateStream(chain->factory, &chain->stream);
    if (SUCCEEDED(result))
        result = IWICStream_InitializeFromMemory(chain->stream, (BYTE *)data, (DWORD)size);
    if (SUCCEEDED(result))
        result = IWICImagingFactory_CreateDecoderFromStream(chain->factory, (IStream *)chain->stream, NULL,
                                                            WICDecodeMetadataCacheOnDemand, &chain->decoder);
    if (SUCCEEDED(result))
        result = IWICBitmapDecoder_GetFrame(chain->decoder, 0, &chain->frame);
    return result;
}

static HRESULT convert(struct chain *chain, int width, int height)
{
    UINT picture_width = 0, picture_height = 0;
    HRESULT result = IWICBitmapFrameDecode_GetSize(chain->frame, &picture_width, &picture_height);
    WICRect part = middle(picture_width, picture_height, width, height);

    if (SUCCEEDED(result))
        result = IWICImagingFactory_CreateFormatConverter(chain->factory, &chain->converter);
    if (SUCCEEDED(result))
        result = IWICFormatConverter_Initialize(chain->converter, (IWICBitmapSource *)chain->frame,
                                                &GUID_WICPixelFormat32bppBGR, WICBitmapDitherTypeNone, NULL, 0,
                                                WICBitmapPaletteTypeCustom);
    if (SUCCEEDED(result))
        result = IWICImagingFactory_CreateBitmapClipper(chain->factory, &chain->clipper);
    if (SUCCEEDED(result))
        result = IWICBitmapClipper_Initialize(chain->clipper, (IWICBitmapSource *)chain->converter, &part);
    if (SUCCEEDED(result))
        result = IWICImagingFactory_CreateBitmapScaler(chain->factory, &chain->scaler);
    if (SUCCEEDED(result))
        result = IWICBitmapScaler_Initialize(chain->scaler, (IWICBitmapSource *)chain->clipper, (UINT)width, (UINT)height,
                                             WICBitmapInterpolationModeFant);
    return result;
}

static void release(void *object)
{
    if (object != NULL)
        IUnknown_Release((IUnknown *)object);
}

HBITMAP picture_load(const void *data, size_t size, int width, int height)
{
    struct chain chain = {0};
    HBITMAP bitmap = NULL;

    if (SUCCEEDED(decode(&chain, data, size)) && SUCCEEDED(convert(&chain, width, height)))
        bitmap = to_bitmap((IWICBitmapSource *)chain.scaler, width, height);
    release(chain.scaler);
    release(chain.clipper);
    release(chain.converter);
    release(chain.frame);
    release(chain.decoder);
    release(chain.stream);
    release(chain.factory);
    return bitmap;
}
