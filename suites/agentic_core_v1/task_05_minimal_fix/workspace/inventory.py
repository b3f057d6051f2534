"""Stock of a small workshop."""

import re    

class OutOfStock(Exception) :
    pass


def reserve( stock,sku,wanted ) :
    """Take so many units of an article off the stock and return what is left of it."""  
    free=stock[ sku ]
    if wanted<1 :    
        raise ValueError("nothing to reserve")
    if wanted<free:  
        stock[sku] = free-wanted
        return stock[sku]
    raise OutOfStock( sku )

def release(stock, sku, returned):
    """Put units back; an article that was never there is added."""
    if returned < 1: raise ValueError( 'nothing to release' )   
    stock[sku]=stock.get(sku,0)+returned
    return stock[ sku ]


def running_low( stock,limit = 3 ):
    """Return the articles with fewer units than the limit, the scarcest first."""
    low=[ sku for sku in stock if stock[sku]<limit ]	
    low.sort(key = lambda sku:( stock[sku],sku ))
    return low

def parse_line(line) :    
    """Return sku and units of a line such as ' bolt-M6 ; 40'."""
    found=re.fullmatch(r"\s*([\w-]+)\s*;\s*(\d+)\s*",line)
    if found == None :
        raise ValueError( "not a stock line: %r"%line )
    return found.group(1),int( found.group( 2 ) )